from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.storage.describe import page


def test_the_documented_schema_is_the_code_s():
    assert (PROJECT_ROOT / "docs/schema.md").read_text(encoding="utf-8") == page()
