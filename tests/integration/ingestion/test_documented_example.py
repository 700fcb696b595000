"""docs/sites.md: its example works as written, and no key of the site file is left out."""

import re
import textwrap

import pytest

from ml_app_wind_draft.core import site as site_module
from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.core.signals import CONVERSIONS, SIGNALS
from ml_app_wind_draft.core.site import read_site
from ml_app_wind_draft.ingestion.import_file import import_file

PAGE = (PROJECT_ROOT / "docs" / "sites.md").read_text(encoding="utf-8")


def block(kind):
    found = re.search(rf"^( *)```{kind}\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return textwrap.dedent(found[2])


@pytest.fixture
def documented(tmp_path):
    path = tmp_path / "kaelteholm.yml"
    path.write_text(block("yaml"), encoding="utf-8")
    (tmp_path / "july.csv").write_text(block("csv"), encoding="utf-8")
    return read_site(path)


def test_the_example_is_imported_as_the_page_says(store, documented, tmp_path):
    report = import_file(store, documented, tmp_path / "july.csv")
    assert (report.accepted, report.rows_in) == (4, 4)
    rows = store.raw_range(0, 2**40, ["KH-N1"])
    assert rows["power"].tolist() == pytest.approx([412, 523])
    assert rows["wind_speed"].tolist() == pytest.approx([6.5, 7.0])
    assert rows["timestamp"].tolist() == [1625090400, 1625091300]  # 2021-06-30 22:00, 22:15 UTC


def test_a_day_of_the_example_in_the_wrong_unit_says_what_the_page_says(
    store, documented, tmp_path
):
    header, first, *_ = block("csv").splitlines()
    hours = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
    lines = [first.replace("00:15", hour).replace("23,4", "36,0") for hour in hours]
    (tmp_path / "july.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    site_file = tmp_path / "kaelteholm.yml"
    text = site_file.read_text(encoding="utf-8").replace("unit: MW", "unit: kW")
    site_file.write_text(text, encoding="utf-8")
    with pytest.raises(ImportFileError) as caught:
        import_file(store, read_site(site_file), tmp_path / "july.csv")
    quoted = " ".join(block("text").split())
    assert str(caught.value).replace(f"{tmp_path}/", "") == quoted


@pytest.mark.parametrize(
    "model",
    [
        each
        for each in vars(site_module).values()
        if isinstance(each, type) and issubclass(each, site_module.Strict) and each.model_fields
    ],
)
def test_every_key_is_described(model):
    for key in set(model.model_fields) - {"name"}:
        assert re.search(rf"`(\w+\.)*{key}[`.]", PAGE), key


def test_every_signal_is_described_with_its_units_and_range():
    for signal in SIGNALS:
        row = next(
            line
            for line in PAGE.splitlines()
            if line.startswith(f"| `{signal.name}` | {signal.unit} ")
        )
        assert ", ".join(CONVERSIONS[signal.unit]) in row
        assert f"{signal.low} to {signal.high}" in row
        frozen = row.rsplit("|", 2)[1].strip()
        assert frozen.startswith(str(signal.stuck_after or ""))
        assert bool(frozen) == bool(signal.stuck_after)
