"""A figure with what it should reach, the bare floor measured beside it, and its spread."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

FILE = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Result:
    """`value`, `reach`, `baseline` and `spread` (max - min over the runs) are all in `unit`."""

    name: str
    value: float
    unit: str
    reach: float
    met: bool
    baseline: float
    spread: float


def at_least(
    name: str, runs: list[float], unit: str, reach: float, baseline: float, share: float = 0
) -> Result:
    """The median of `runs` must reach `reach`, and `share` of the baseline."""
    value = median(runs)
    met = value >= reach and value >= share * baseline
    return _rounded(name, value, unit, reach, met, baseline, max(runs) - min(runs))


def at_most(name: str, runs: list[float], unit: str, reach: float, baseline: float) -> Result:
    """The median of `runs` must not pass `reach`."""
    value = median(runs)
    return _rounded(name, value, unit, reach, value <= reach, baseline, max(runs) - min(runs))


def _rounded(
    name: str, value: float, unit: str, reach: float, met: bool, baseline: float, spread: float
) -> Result:
    return Result(name, round(value, 3), unit, reach, met, round(baseline, 3), round(spread, 3))


def save(results: list[Result], file: Path = FILE) -> None:
    """Write the results, keeping those of other benchmarks from earlier runs."""
    old = json.loads(file.read_text()) if file.exists() else []
    merged = {each["name"]: each for each in old} | {each.name: asdict(each) for each in results}
    file.write_text(json.dumps(list(merged.values()), indent=1) + "\n")


def show(results: list[Result]) -> None:
    """Print them as a table."""
    table = Table("figure", "value", "unit", "reach", "met", "floor beside it", "spread")
    for each in results:
        numbers = [
            f"{number:,.4g}" for number in (each.value, each.reach, each.baseline, each.spread)
        ]
        value, reach, baseline, spread = numbers
        table.add_row(
            each.name, value, each.unit, reach, "yes" if each.met else "NO", baseline, spread
        )
    Console().print(table)
