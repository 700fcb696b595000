"""Kedro's command line here: `kedro viz --host ...` means `kedro viz run --host ...`.

Kedro Viz 12.5 runs `kedro viz` alone, but refuses options without the word `run`. Kedro imports
this module before it looks for a command, and looks at plugins before projects: so the plugin's own
group gets the replacement.
"""

import click
from kedro_viz.launchers.cli.lazy_default_group import LazyDefaultGroup
from kedro_viz.launchers.cli.main import viz_cli


class VizGroup(LazyDefaultGroup):
    """Kedro Viz's commands, of which `run` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in `run` where the first word is one of its options."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group()
def cli() -> None:
    """Commands of this project, besides Kedro's and its plugins'."""


viz_cli.add_command(
    VizGroup(
        "viz",
        lazy_subcommands={
            name: f"kedro_viz.launchers.cli.{name}.{name}" for name in ("run", "build", "deploy")
        },
        default="run",
        default_if_no_args=True,
        help="Draw the pipelines in the browser; `kedro viz run --help` lists the options.",
    )
)
