import pytest

from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.storage.engine import choose_journal_mode, make_engine


@pytest.mark.parametrize(
    ("kind", "journal"),
    [
        ("ext4", "wal"),
        ("overlay", "wal"),
        ("virtiofs", "delete"),
        ("9p", "delete"),
        ("fuse.osxfs", "delete"),
        ("nfs4", "delete"),
    ],
)
def test_the_journal_fits_the_file_system_that_holds_the_database(tmp_path, kind, journal):
    mounts = tmp_path / "mounts"
    folder = tmp_path / "my data"
    folder.mkdir()
    point = str(folder).replace(" ", "\\040")
    mounts.write_text(f"/dev/root / ext4 rw 0 0\nshare {point} {kind} rw 0 0\n")
    assert choose_journal_mode(folder, mounts) == journal
    assert choose_journal_mode(tmp_path, mounts) == "wal"


@pytest.mark.parametrize("url", ["no url", "mysql://root@localhost/db", ""])
def test_a_database_url_of_another_kind_is_a_clear_error(url):
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL.*(sqlite|postgresql)"):
        make_engine(url)
