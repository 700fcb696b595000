"""Draws the pipelines into a new folder, for `wind viz` to serve: python draw_pipelines.py FOLDER.

A drawing of the same pipelines that lies under `DATA_DIR` is taken over.
"""

import shutil
import sys

from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.services.viz import built_site

if __name__ == "__main__":
    shutil.copytree(built_site(load_settings()), sys.argv[1])
