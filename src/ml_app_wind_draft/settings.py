"""What Kedro asks a project for: hooks and where configuration is layered."""

from ml_app_wind_draft.hooks import ProjectHooks

HOOKS = (ProjectHooks(),)
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
