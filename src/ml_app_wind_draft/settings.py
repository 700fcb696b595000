"""What Kedro asks a project for: hooks and where configuration is layered."""

import os
import warnings
from pathlib import Path
from typing import Any

from ml_app_wind_draft.core.conf_folder import with_defaults
from ml_app_wind_draft.hooks import ProjectHooks

# Kedro 1.7 calls what OmegaConf has renamed; nobody who runs this project can do anything about it.
warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)

HOOKS = (ProjectHooks(),)
DEFAULTS = os.environ.get("CONF_DEFAULTS")
CONF_SOURCE = str(
    with_defaults(Path(os.environ.get("CONF_DIR", "conf")), Path(DEFAULTS) if DEFAULTS else None)
)
CONFIG_LOADER_ARGS: dict[str, Any] = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},  # conf/local says only what it changes
}
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
