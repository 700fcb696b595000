"""The command line: parse, call one service, nothing else."""

import logging
import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ml_app_wind_draft.core.errors import WindError

if TYPE_CHECKING:
    from ml_app_wind_draft.core.config import Settings

VARIABLES = """
Variables: SITE, DATABASE_URL, DATA_DIR, MLFLOW_DIR, CONF_DIR, MLFLOW_TRACKING_URI, MLFLOW_UI_URI,
KEDRO_VIZ_URI, MLFLOW_PORT (5001), UI_PORT (8050), VIZ_PORT (4141), BIND_ADDRESS (127.0.0.1),
LOG_LEVEL, NO_COLOR. docs/operations.md says what each does.
"""
RUNNING = "Run one service"
LOOKING_AFTER = "Look after it"

app = typer.Typer(
    help="Watches a wind farm: what each turbine should have produced, with a calibrated band, "
    "live.\n\nStart everything with [bold]wind up[/], look with [bold]wind status[/].",
    epilog=VARIABLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
data = typer.Typer(help="Import, back up, restore or reset the data.", no_args_is_help=True)
models = typer.Typer(help="List the models; promote one or roll back.", invoke_without_command=True)
app.add_typer(data, name="data", rich_help_panel=LOOKING_AFTER)
app.add_typer(models, name="models", rich_help_panel=LOOKING_AFTER)


def instant(text: str) -> datetime:
    """Parse a date or time in ISO format; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no date or time; write 2015-03-01 or 2015-03-01T06:00."
        raise typer.BadParameter(message) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


From = Annotated[
    datetime | None,
    typer.Option("--from", parser=instant, metavar="TIME", help="First instant, UTC: 2015-03-01."),
]
Until = Annotated[
    datetime | None,
    typer.Option("--to", parser=instant, metavar="TIME", help="End, not included, UTC."),
]
Why = Annotated[str, typer.Option("--why", help="The reason; kept in the champion's history.")]
Version = Annotated[int, typer.Argument(help="A version number from `wind models`.")]


class RegisteredModel(StrEnum):
    """What MLflow's registry keeps for the app."""

    EXPECTED_POWER = "wind_power_predictor"
    FORECASTS = "wind_power_forecaster"


Registered = Annotated[RegisteredModel, typer.Option("--model", help="Which registered model.")]


@app.command(rich_help_panel="Run everything")
def up(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which to start; all without any: mlflow app-ml-train app-stream-data "
            "app-ml-inference app-ui kedro-viz."
        ),
    ] = None,
) -> None:
    """Start the services, keep them running, stop them all with Ctrl-C.

    Prints each address when it answers. A service that dies is started again. Ports are changed by
    MLFLOW_PORT, UI_PORT and VIZ_PORT; BIND_ADDRESS=0.0.0.0 opens them to the network.

    Examples: [bold]wind up[/], [bold]wind up mlflow app-ui[/], [bold]UI_PORT=8051 wind up[/]
    """
    from ml_app_wind_draft.services import up as service

    raise typer.Exit(service.run(_serve("wind"), services or []))


@app.command(rich_help_panel=RUNNING)
def mlflow() -> None:
    """Run MLflow, which keeps the runs and the registered models (MLFLOW_PORT, 5001).

    Its data lie in mlflow/ (MLFLOW_DIR): a SQLite file and the artifacts.
    """
    from ml_app_wind_draft.services import mlflow_server as service

    service.run(_serve("mlflow"))


@app.command(rich_help_panel=RUNNING)
def train(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and retrain when a month of data is complete.")
    ] = False,
) -> None:
    """Train once: first the IEC power curve within seconds, then the boosted model.

    The curve becomes champion where there is none. The boosted model becomes champion when it is
    better on the last 60 days by more than noise; with promotion.shadow_first (docs/model.md) it
    goes into shadow first. Same data and configuration: nothing to do.

    Examples: [bold]wind train[/], [bold]wind train --watch[/]
    """
    from ml_app_wind_draft.services import train as service

    raise typer.Exit(service.run(_serve("app-ml-train"), watch=watch))


@app.command(rich_help_panel=RUNNING)
def stream(
    interval: Annotated[
        float | None,
        typer.Option(help="Wall seconds for one step of the replay (5 without --speed)."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="The other way to say it: how many times faster than life (120)."),
    ] = None,
    start: From = None,
) -> None:
    """Replay the site's recorded data as if they came in live.

    Goes on after the newest replayed row, and never deletes or rewrites anything. SITE chooses the
    site (la_haute_borne).

    Examples: [bold]wind stream[/], [bold]wind stream --interval 0.5[/], [bold]wind stream --speed
    600 --from 2015-06-01[/]
    """
    from ml_app_wind_draft.services import stream as service

    service.run(_serve("app-stream-data"), interval=interval, speed=speed, start=start)


@app.command(rich_help_panel=RUNNING)
def infer(
    poll: Annotated[float, typer.Option(help="Seconds between two looks for new rows.")] = 5.0,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Score a stretch of the past, then end.")
    ] = False,
    start: From = None,
    end: Until = None,
    model_version: Annotated[
        int | None, typer.Option(help="Backfill with this version; the champion without.")
    ] = None,
) -> None:
    """Score every new row with the champion.

    A new champion is noticed within one poll. A backfill also scores rows that the model was
    trained on, and marks them in-sample: they count in no score.

    Examples: [bold]wind infer[/], [bold]wind infer --backfill --from 2014-06-01 --to 2014-07-01[/]
    """
    from ml_app_wind_draft.services import infer as service

    if not backfill:
        if start or end or model_version:
            message = "--from, --to and --model-version belong to --backfill"
            raise typer.BadParameter(message)
        service.run(_serve("app-ml-inference"), poll=poll)
        return
    if start is None or end is None:
        message = "--backfill needs --from and --to"
        raise typer.BadParameter(message)
    service.backfill(
        _serve("app-ml-inference"), int(start.timestamp()), int(end.timestamp()), model_version
    )


@app.command(rich_help_panel=RUNNING)
def ui() -> None:
    """Run the dashboard (UI_PORT, 8050).

    Links to MLflow and Kedro Viz come from MLFLOW_UI_URI and KEDRO_VIZ_URI.
    """
    from ml_app_wind_draft.services import ui as service

    service.run(_serve("app-ui"))


@app.command(rich_help_panel=RUNNING)
def viz() -> None:
    """Serve the picture of the pipelines (VIZ_PORT, 4141); drawn again after each change."""
    from ml_app_wind_draft.services import viz as service

    service.run(_serve("kedro-viz"))


@app.command(rich_help_panel=LOOKING_AFTER)
def status() -> None:
    """Say how everything is: the services, the data, the model.

    Works with everything down and with no database yet.
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import status as service

    service.show(load_settings())


@app.command(rich_help_panel=LOOKING_AFTER)
def check() -> None:
    """Prove that rows, work, outcomes, sums and alarms agree; exit code 1 where they do not.

    Reads the whole database: a minute for 10 million rows.
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import status as service

    raise typer.Exit(0 if service.check(load_settings()) else 1)


@app.command(rich_help_panel=LOOKING_AFTER)
def alarms(
    start: From = None,
    end: Until = None,
    turbine: Annotated[str | None, typer.Option(help="Only this turbine's.")] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Weigh other settings: how often they speak, what they find."
        ),
    ] = False,
) -> None:
    """List the alarms, newest first: under performance, and doubt in model or sensor.

    docs/alarms.md says what the two rules are and where their limits are set. --calibrate runs them
    with other windows over the stored predictions, and with losses put in; it changes nothing.

    Examples: [bold]wind alarms[/], [bold]wind alarms --from 2015-03-01 --turbine R80711[/],
    [bold]wind alarms --calibrate[/]
    """
    from ml_app_wind_draft.core.config import load_settings

    if calibrate:
        from ml_app_wind_draft.services import alarm_choice

        alarm_choice.show(load_settings(), start, end)
        return
    from ml_app_wind_draft.services import alarms as service

    service.show(load_settings(), start, end, turbine)


@app.command(rich_help_panel="Judge it")
def backtest(  # noqa: PLR0913 - each is an option of the command line
    table: Annotated[Path, typer.Argument(help="CSV or Parquet: time and power, at least.")],
    *,
    time: Annotated[str, typer.Option(help="The column of times.")],
    power: Annotated[str, typer.Option(help="The column of power, in any unit.")],
    capacity: Annotated[
        str,
        typer.Option(help="Of one unit, in the unit of power: 2050; or by unit: 'A=2050,B=3000'."),
    ],
    cut_offs: Annotated[
        str,
        typer.Option(
            help="When to fit again: 2015-01-01,2015-07-01, or each month: 2015-01..2015-12."
        ),
    ],
    unit: Annotated[
        str | None, typer.Option(help="The column that names turbine or farm; none: one unit.")
    ] = None,
    measured: Annotated[
        str,
        typer.Option(help="Other columns known up to the issue time: wind_speed,wind_direction."),
    ] = "",
    weather: Annotated[
        str, typer.Option(help="Columns foreseen for each time: of the table, or of its own file.")
    ] = "",
    weather_table: Annotated[
        Path | None, typer.Option(help="Weather in a file of its own; without --weather all of it.")
    ] = None,
    weather_time: Annotated[
        str | None, typer.Option(help="Its column of valid times; without: that of --time.")
    ] = None,
    weather_issued: Annotated[
        str | None, typer.Option(help="Its column of issue times; without: a perfect forecast.")
    ] = None,
    weather_zone: Annotated[
        str, typer.Option("--weather-time-zone", help="Of its times without an offset.")
    ] = "UTC",
    zone: Annotated[
        str, typer.Option("--time-zone", help="Of times without an offset: Europe/Paris.")
    ] = "UTC",
    time_format: Annotated[
        str | None,
        typer.Option(help="How times are written, where it is not ISO 8601: '%d/%m/%Y %H:%M'."),
    ] = None,
    stamp: Annotated[
        str, typer.Option(help="A time is its interval's `start` or `end`.")
    ] = "start",
    quantiles: Annotated[str, typer.Option(help="19, 99, or a list: 0.1,0.5,0.9.")] = "19",
    leads: Annotated[
        str, typer.Option(help="Hours from issue to the interval's end: 1-48, or 1,6,24.")
    ] = "1-48",
    resolution: Annotated[int, typer.Option(help="Minutes that a forecast is the mean of.")] = 60,
    end: Until = None,
    total: Annotated[
        bool, typer.Option("--total/--no-total", help="Forecast the sum of all units, too.")
    ] = True,
    out: Annotated[Path, typer.Option(help="A folder for the results.")] = Path("backtest"),
) -> None:
    """Score the app's forecasts on any table of power: as if it had run there all the time.

    At each cut-off a forecaster is fitted to what was known then; it forecasts every hour until
    the next one. Writes quantiles.parquet (every forecast), scores.csv (by unit, method and lead)
    and summary.json, and prints what persistence and climatology would have reached on the same
    rows. docs/forecast.md explains the figures.

    Examples: [bold]wind backtest farm.csv --time Time --power kW --capacity 8200 --cut-offs
    2015-01..2015-12[/], [bold]wind backtest scada.parquet --time Date_time --unit
    Wind_turbine_name --power P_avg --measured Ws_avg --capacity 2050 --weather-table
    era5.parquet --weather-time datetime --cut-offs 2015-01-01 --quantiles 99[/]
    """
    from ml_app_wind_draft.services import backtest as service
    from ml_app_wind_draft.services.backtest_table import Layout, split_names

    layout = Layout(
        time=time,
        power=power,
        capacity=service.parse_capacity(capacity),
        unit=unit,
        measured=split_names(measured),
        weather=split_names(weather),
        zone=zone,
        time_format=time_format,
        stamp=stamp,
        weather_time=weather_time,
        weather_issued=weather_issued,
        weather_zone=weather_zone,
    )
    service.run(
        service.Plan(
            table=table,
            layout=layout,
            cut_offs=service.parse_cut_offs(cut_offs),
            levels=service.parse_levels(quantiles),
            leads=service.parse_leads(leads, 60 * resolution),
            resolution=60 * resolution,
            out=out,
            weather_table=weather_table,
            end=int(end.timestamp()) if end else None,
            total=total,
        )
    )


@app.command(rich_help_panel=RUNNING)
def forecast(
    train: Annotated[
        bool, typer.Option("--train", help="Train the forecasters first; minutes.")
    ] = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="Issue nothing; say how past forecasts turned out.")
    ] = False,
    table: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Also write it there: all units, hours and quantiles, kW."
        ),
    ] = None,
) -> None:
    """Forecast the next 48 hours of each turbine and the farm, from the last whole hour.

    app-ml-inference does it by itself at each whole hour. Forecasts are kept, and what came is
    written beside them. docs/forecast.md says how it works.

    Examples: [bold]wind forecast --train[/], [bold]wind forecast[/], [bold]wind forecast
    --scores[/], [bold]wind forecast --csv forecast.csv[/]
    """
    from ml_app_wind_draft.services import forecast as service

    if scores and table is not None:
        message = "--csv writes a forecast; --scores issues none"
        raise typer.BadParameter(message)
    service.run(_serve("wind"), train=train, scores=scores, table=table)


@app.command(rich_help_panel=LOOKING_AFTER)
def weather(
    url: Annotated[
        str,
        typer.Option(envvar="WEATHER_URL", help="Another address that speaks Open-Meteo's API."),
    ] = "",
    at_most_every: Annotated[
        float, typer.Option(help="Hours: a younger forecast that is kept is not fetched again.")
    ] = 1.0,
    export: Annotated[
        Path | None,
        typer.Option(help="Fetch nothing; write all that are kept into this CSV file."),
    ] = None,
) -> None:
    """Fetch the newest weather forecast for the site, and keep it by issue time.

    From Open-Meteo (open-meteo.com, free for non-commercial use, CC BY 4.0). Let cron run it every
    hour. What is written out can be given to a backtest: --weather-table FILE --weather-issued
    issued_at --weather-time valid_at.

    Examples: [bold]SITE=kaelteholm wind weather[/], [bold]wind weather --export runs.csv[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import weather as service

    service.run(load_settings(), url=url, at_most_every=at_most_every, export=export)


@data.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (any delimiter and encoding) or Parquet.")],
    site: Annotated[str, typer.Option(help="Its description: conf/base/sites/SITE.yml.")],
    turbine: Annotated[
        str | None, typer.Option(help="Whose rows they are, where the file has no such column.")
    ] = None,
) -> None:
    """Bring a file of measurements in; reports accepted, updated and set-aside rows.

    Importing a file twice changes nothing. Rows with another value than before are corrections.

    Example: [bold]wind data import march.csv --site la_haute_borne[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import data_tools as service

    service.import_file(load_settings(), file, site, turbine)


@data.command()
def backup(
    target: Annotated[
        Path,
        typer.Argument(help="A folder to make, or a file ending in .tar.gz.", metavar="TARGET"),
    ],
) -> None:
    """Copy the database and mlflow/ while everything runs.

    PostgreSQL is copied by pg_dump where that is installed.

    Example: [bold]wind data backup ~/wind-2015-06.tar.gz[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import data_tools as service

    service.backup(load_settings(), target)


@data.command()
def restore(
    source: Annotated[Path, typer.Argument(help="What `wind data backup` made.", metavar="BACKUP")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace the data that are here.")] = False,
) -> None:
    """Bring a backup back, after checking that it is whole. Stop the services first.

    Example: [bold]wind data restore ~/wind-2015-06.tar.gz[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import data_tools as service

    service.restore(load_settings(), source, overwrite=yes)


@data.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Really delete.")] = False,
) -> None:
    """Delete the database, the models and MLflow's data. Without --yes it only says what.

    Example: [bold]wind data reset --yes[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import data_tools as service

    service.reset(load_settings(), really=yes)


@models.callback()
def list_models(
    context: typer.Context,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", parser=instant, metavar="TIME", help="Only say who was champion then, UTC."
        ),
    ] = None,
    model: Registered = RegisteredModel.EXPECTED_POWER,
) -> None:
    """List the models; promote one, roll back, or try one out in shadow.

    Examples: [bold]wind models[/], [bold]wind models --at 2026-03-01T12:00[/], [bold]wind models
    promote 3 --why "better in icing"[/], [bold]wind models --model wind_power_forecaster[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import models as service

    if context.invoked_subcommand is not None:
        return
    if at is None:
        service.show(load_settings(), model=model.value)
    else:
        service.show_champion_at(load_settings(), int(at.timestamp()), model=model.value)


@models.command()
def promote(version: Version, why: Why, model: Registered = RegisteredModel.EXPECTED_POWER) -> None:
    """Make a version the champion; inference takes it up within one poll.

    Example: [bold]wind models promote 3 --why "better in icing"[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import models as service

    service.promote(load_settings(), version, why, model=model.value)


@models.command()
def rollback(
    version: Version, why: Why, model: Registered = RegisteredModel.EXPECTED_POWER
) -> None:
    """Go back to a version that was champion before.

    Example: [bold]wind models rollback 1 --why "version 2 is off in summer"[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import models as service

    service.rollback(load_settings(), version, why, model=model.value)


@models.command()
def shadow(
    version: Annotated[
        int | None, typer.Argument(help="A version number from `wind models`.")
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="No version is in shadow any more.")] = False,
) -> None:
    """Score a version beside the champion, on the live stream, without using it.

    What it says is stored apart: no alarm, sum, score or export reads it. It costs a second scoring
    of each row.

    Examples: [bold]wind models shadow 3[/], [bold]wind models shadow --stop[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import models as service

    if stop == (version is not None):
        message = "give a version, or --stop"
        raise typer.BadParameter(message)
    if version is None:
        service.stop_shadow(load_settings())
    else:
        service.start_shadow(load_settings(), version)


@models.command()
def judge(
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it champion, if it is better and keeps to all.")
    ] = False,
    by: Annotated[str, typer.Option(hidden=True, help="Who asks; the user without.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Judge the version in shadow against the champion, on rows that neither had seen.

    On the rows that both scored as they came, by the rules that training judges by. Says how long
    to wait where there are too few.

    Examples: [bold]wind models judge[/], [bold]wind models judge --promote[/]
    """
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services import judge as service

    service.run(load_settings(), promote=promote, by=by, as_json=as_json)


def main() -> None:
    """Run a command. An error that the app knows is one line and its remedy, never a traceback."""
    supervised = "WIND_SUPERVISOR" in os.environ
    if supervised:
        from ml_app_wind_draft.services.processes import die_with_supervisor

        die_with_supervisor()
    try:
        app(prog_name="wind")
    except WindError as error:
        if supervised:
            logging.getLogger(__name__).critical("%s", error)
        else:
            typer.secho(f"Error: {error.args[0]}", fg="red", err=True)
            if error.remedy:
                typer.echo(error.remedy, err=True)
        sys.exit(1)
    except Exception:
        if not supervised:
            raise
        logging.getLogger(__name__).critical("A fault of the app:", exc_info=True)
        sys.exit(1)


def _serve(service: str) -> "Settings":
    """Settings for a process that runs as `service`, with its log lines in the one format."""
    from ml_app_wind_draft.core.config import load_settings
    from ml_app_wind_draft.services.log import configure

    configure(service)
    return load_settings()


if __name__ == "__main__":
    main()
