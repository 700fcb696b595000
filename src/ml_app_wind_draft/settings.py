"""What Kedro asks a project for: hooks and where configuration is layered."""

import os
import warnings
from typing import Any

from ml_app_wind_draft.hooks import ProjectHooks

# Kedro 1.7 calls what OmegaConf has renamed; nobody who runs this project can do anything about it.
warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)

HOOKS = (ProjectHooks(),)
CONF_SOURCE = os.environ.get("CONF_DIR", "conf")
CONFIG_LOADER_ARGS: dict[str, Any] = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},  # conf/local says only what it changes
}
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
