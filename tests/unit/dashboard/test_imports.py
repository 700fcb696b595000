"""What the dashboard's process loads."""

import subprocess
import sys

LOADED = """
import sys
import ml_app_wind_draft.services.ui
print(*(name for name in ("IPython", "jedi", "kedro", "catboost", "mlflow", "matplotlib")
        if sys.modules.get(name)))
"""


def test_nothing_is_loaded_that_only_notebooks_and_trainings_need():
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
