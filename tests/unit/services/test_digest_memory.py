import pytest

from ml_app_wind_draft.services.digest_memory import DigestMemory


def test_a_digest_is_known_under_its_own_fingerprint_only(tmp_path):
    memory = DigestMemory(tmp_path / "models" / "data_digest.json")
    assert memory.recall("one") is None
    memory.remember("one", "one", "abc")
    assert (memory.recall("one"), memory.recall("two")) == ("abc", None)
    memory.remember("two", "two", "def")
    assert (memory.recall("one"), memory.recall("two")) == (None, "def")
    assert [each.name for each in (tmp_path / "models").iterdir()] == ["data_digest.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"fingerprint": "one"}'])
def test_a_damaged_file_is_no_more_than_a_lost_one(tmp_path, content):
    path = tmp_path / "data_digest.json"
    path.write_text(content)
    assert DigestMemory(path).recall("one") is None


def test_a_digest_is_not_kept_when_rows_came_while_it_was_read(tmp_path):
    memory = DigestMemory(tmp_path / "digest.json")
    memory.remember("2014", "2014 and some of 2015", "digest")
    assert memory.recall("2014") is None
    assert memory.recall("2014 and some of 2015") is None
