"""`wind models judge`: the model in shadow against the champion, on what both scored live."""

import getpass
import json
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import NoChampionError, RegistryError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.pipelines.training.live_judging import (
    KEPT,
    REFUSED,
    LiveJudgement,
    judge_live,
)
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters
from ml_app_wind_draft.pipelines.training.parameters import read_parameters as checked
from ml_app_wind_draft.pipelines.training.sensitivity import LOOK_BACK, Sensitivity, sensitivity
from ml_app_wind_draft.pipelines.training.split import Split
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.registry.shadow import duel_of
from ml_app_wind_draft.services.kedro_project import read_parameters
from ml_app_wind_draft.storage.data_manager import DataManager

COLOURS = {KEPT: "green", REFUSED: "red"}


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement, on whom, and whether the shadow became champion."""

    shadow: ModelVersion
    champion: ModelVersion
    judgement: LiveJudgement
    promoted: bool


def run(
    settings: Settings,
    *,
    promote: bool,
    by: str = "",
    as_json: bool = False,
    console: Console | None = None,
) -> Judged:
    """Judge the shadow and print what came out; with `promote` a better one becomes champion.

    Raises `RegistryError` where no version is in shadow.
    """
    with DataManager(settings.database_url) as manager:
        manager.init_raw_db_table()
        with ModelRegistry(settings, manager) as registry:
            judged = judge(settings, manager, registry)
            if promote and judged.judgement.verdict.promote:
                registry.promote(judged.shadow.version, by or getpass.getuser(), why(judged))
                judged = Judged(judged.shadow, judged.champion, judged.judgement, promoted=True)
    console = console or Console()
    if as_json:
        console.out(json.dumps(_plain(judged)), highlight=False)
    else:
        _show(judged, console)
    return judged


def judge(settings: Settings, manager: DataManager, registry: ModelRegistry) -> Judged:
    """The model in shadow against the champion. Raises `RegistryError` without either."""
    shadow, champion = registry.shadow(), registry.champion()
    if champion is None:
        message = "No champion model yet."
        raise NoChampionError(message, remedy="`wind train` makes one.")
    if shadow is None:
        message = "No version is in shadow."
        raise RegistryError(message, remedy="`wind models shadow VERSION` puts one there.")
    if shadow.version == champion.version:
        message = f"Version {shadow.version} is in shadow, and champion: there is nothing to judge."
        raise RegistryError(message, remedy="`wind models shadow --stop`, then choose another.")
    site = load_site(settings.site, settings)
    parameters = checked(read_parameters(settings)["training"])
    pairs = manager.shadow_pairs(duel_of(shadow, champion), site.turbine_ids)
    now = clock.now(manager.replayed_until(site.name))

    def probe() -> tuple[Sensitivity, Sensitivity]:
        span = (int(pairs["timestamp"].min()), int(pairs["timestamp"].max()) + site.step)
        bundles = (registry.load(shadow).bundle, registry.load(champion).bundle)
        return _probed(manager, site, parameters, span, bundles)

    judgement = judge_live(pairs, champion.version, parameters, now, probe)
    return Judged(shadow, champion, judgement, promoted=False)


def why(judged: Judged) -> str:
    """What the champions' history says of a promotion out of shadow."""
    said = judged.judgement
    first, last = say(said.first), say(said.last)
    return (
        f"Judged in shadow on {said.rows:,} rows, {first} to {last}, that neither model had seen: "
        f"{said.verdict.why}"
    )


def _probed(
    manager: DataManager,
    site: Site,
    parameters: TrainingParameters,
    span: tuple[int, int],
    bundles: tuple[Bundle, Bundle],
) -> tuple[Sensitivity, Sensitivity]:
    """How soon each would find faults in the rows that came meanwhile, the newest window of them.

    Both look at the rows as they are stored, late and corrected ones included.
    """
    first, end = span
    start = max(first, end - parameters.window)
    history = manager.raw_range(start - LOOK_BACK, end, site.turbine_ids)
    split = Split(start - LOOK_BACK, start, start, end)
    own, reference = (sensitivity(each, history, site, split) for each in bundles)
    return own, reference


def _show(judged: Judged, console: Console) -> None:
    said = judged.judgement
    table = Table(
        title=f"Version {judged.shadow.version} ({judged.shadow.kind}) in shadow of version "
        f"{judged.champion.version} ({judged.champion.kind})",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in ("what", "result", "figures"):
        table.add_column(column, no_wrap=column != "figures")
    span = f"{say(said.first)} to {say(said.last)}, {said.days} days" if said.rows else "none yet"
    table.add_row("rows of normal operation that both scored", f"{said.rows:,}", span)
    if said.difference is not None:
        table.add_row(
            "MAE",
            f"{said.mae:.2f} kW",
            f"champion {said.champion_mae:.2f} kW; difference {said.difference.mean:+.2f} kW, 95 %:"
            f" {said.difference.low:+.2f} to {said.difference.high:+.2f}",
        )
        table.add_row(
            "within the band", f"{said.coverage:.1%}", f"champion {said.champion_coverage:.1%}"
        )
    for gate in said.gates:
        colour = COLOURS.get(gate.result, "yellow")
        table.add_row(gate.name, f"[{colour}]{gate.result}[/]", gate.said)
    console.print(table)
    console.print(said.verdict.why)
    if judged.promoted:
        console.print(f"[green]Version {judged.shadow.version} is champion.[/]")
    elif said.verdict.promote:
        console.print("`wind models judge --promote` makes it champion.")


def _plain(judged: Judged) -> dict[str, object]:
    said = judged.judgement
    return {
        "shadow": judged.shadow.version,
        "champion": judged.champion.version,
        "promoted": judged.promoted,
        "promote": said.verdict.promote,
        "why": said.verdict.why,
        "rows": said.rows,
        "days": said.days,
        "from": said.first,
        "to": said.last,
        "mae": said.mae if said.rows else None,
        "champion_mae": said.champion_mae if said.rows else None,
        "difference": asdict(said.difference) if said.difference else None,
        "coverage": said.coverage if said.rows else None,
        "champion_coverage": said.champion_coverage if said.rows else None,
        "gates": [asdict(each) for each in said.gates],
        "missing": asdict(said.missing) if said.missing else None,
    }
