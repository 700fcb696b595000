"""What Kedro asks a project for: hooks and where configuration is layered."""

import warnings

from ml_app_wind_draft.hooks import ProjectHooks

# Kedro 1.7 calls what OmegaConf has renamed; nobody who runs this project can do anything about it.
warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)

HOOKS = (ProjectHooks(),)
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
