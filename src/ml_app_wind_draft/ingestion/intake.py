"""The one way in: the contract judges rows, and one transaction stores the verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.rows import RejectedRow, TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_NAMES, SIGNALS
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.contract import Limits, judge, set_aside
from ml_app_wind_draft.storage.data_manager import DataManager, IntakeTransaction

MAX_SPANS = 64  # beyond, one wide read is cheaper than many narrow ones


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows: `rows_in = accepted + updated + unchanged + set aside`."""

    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)

    @property
    def rows_in(self) -> int:
        """How many rows came."""
        return self.accepted + self.updated + self.unchanged + sum(self.set_aside.values())

    def __add__(self, other: "IngestReport") -> "IngestReport":
        return IngestReport(
            self.accepted + other.accepted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            dict(Counter(self.set_aside) + Counter(other.set_aside)),
        )


def ingest(
    manager: DataManager,
    site: Site,
    rows: Sequence[TurbineRows],
    *,
    source: str,
    rejected: Iterable[RejectedRow] = (),
    replayed_until: int | None = None,
) -> IngestReport:
    """Judge and store rows, at most one `TurbineRows` a turbine, in one transaction.

    `rejected` are rows that the source could not read; they are kept beside those the contract sets
    aside. `replayed_until` moves the replay's clock with the rows. Raises `StorageError`.
    """
    aside = list(rejected)
    report = IngestReport()
    with manager.writing() as transaction:
        now = replayed_until or clock.now(transaction.replayed_until(site.name))
        for turbine_rows in rows:
            report += _ingest_turbine(transaction, site, turbine_rows, now, aside)
        transaction.set_aside(site.name, source, aside)
        if replayed_until is not None:
            transaction.advance_replay(site.name, replayed_until)
    return report + IngestReport(set_aside=dict(Counter(row.reason for row in aside)))


def ingest_frame(
    manager: DataManager,
    site: Site,
    frame: pd.DataFrame,
    *,
    source: str,
    replayed_until: int | None = None,
) -> IngestReport:
    """Like `ingest`, from columns `turbine_id`, `timestamp` (int64 s UTC) and any signals."""
    names = frame["turbine_id"].to_numpy(dtype=object)
    timestamp = frame["timestamp"].to_numpy(dtype=np.int64)
    values = np.full((len(frame), len(SIGNALS)), np.nan)
    for index, name in enumerate(SIGNAL_NAMES):
        if name in frame:
            values[:, index] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    codes, turbines = pd.factorize(names)
    rows = [
        TurbineRows(str(turbine), timestamp[mine], values[mine])
        for code, turbine in enumerate(turbines)
        if len(mine := np.flatnonzero(codes == code))
    ]
    return ingest(manager, site, rows, source=source, replayed_until=replayed_until)


def _ingest_turbine(
    transaction: IntakeTransaction,
    site: Site,
    rows: TurbineRows,
    now: int,
    aside: list[RejectedRow],
) -> IngestReport:
    if rows.turbine_id not in site.turbines:
        told = f"site {site.name} has no turbine {rows.turbine_id}"
        aside += [set_aside(rows, i, "unknown_turbine", told) for i in range(len(rows))]
        return IngestReport()
    limits = Limits.of(site, rows.turbine_id)
    stored = transaction.stored_between(rows.turbine_id, _spans(rows.timestamp, limits.reach))
    judgement = judge(rows, stored, limits, now)
    changes = judgement.changes
    transaction.write(changes)
    aside += judgement.rejected
    return IngestReport(len(changes.accepted), len(changes.updated), judgement.unchanged)


def _spans(timestamp: NDArray[np.int64], reach: int) -> list[tuple[int, int]]:
    """The stretches of time around these instants that the contract needs to see."""
    if len(timestamp) == 1:  # the common case of a live feed, and a quick one
        return [(int(timestamp[0]) - reach, int(timestamp[0]) + reach)]
    if not len(timestamp):
        return []
    ordered = np.unique(timestamp)
    cuts = np.flatnonzero(np.diff(ordered) > 2 * reach) + 1
    if len(cuts) >= MAX_SPANS:
        cuts = cuts[:0]
    starts = ordered[np.concatenate([[0], cuts])] - reach
    ends = ordered[np.concatenate([cuts - 1, [len(ordered) - 1]])] + reach
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
