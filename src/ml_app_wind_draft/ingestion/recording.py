"""Recorded data of a site (a Parquet file), read a stretch of time at a time."""

from collections import defaultdict

import numpy as np

from ml_app_wind_draft.core.errors import SiteError
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.parquet_file import ParquetFile, Window, stamps_end
from ml_app_wind_draft.ingestion.row_reader import EVER, ReadyRows, RowReader

# A file's own clock may be this far from UTC, and a stamp may mark the interval's end.
CLOCK_MARGIN_S = 2 * 86_400


class Recording:
    """The recording that a site's `replay` names.

    `end` lies after its newest row (s UTC). Raises `SiteError` if the site has none, and
    `ImportFileError` if it cannot be read.
    """

    def __init__(self, site: Site) -> None:
        if site.replay is None:
            message = f"Site {site.name} has no recorded data to replay."
            raise SiteError(message, remedy="Name them under `replay` in the site file.")
        self._site = site
        reader = RowReader(site)
        self._file = ParquetFile.open(
            site.replay.path, reader.columns, reader.number_columns, site.csv.decimal
        )
        self._stamp_column = site.columns.timestamp.column
        newest = stamps_end(site.replay.path, self._stamp_column)
        self.end = EVER[0] if newest is None else newest + CLOCK_MARGIN_S

    def rows_between(self, start: int, end: int) -> ReadyRows:
        """Rows of intervals with `start <= begin < end` (s UTC), at most one entry a turbine.

        Rows without a time belong to no stretch; they come when `start` is the beginning of `EVER`.
        """
        reader = RowReader(self._site)
        window = Window(self._stamp_column, start - CLOCK_MARGIN_S, end + CLOCK_MARGIN_S)
        chunks = [
            reader.read(chunk, self._file.decimal)
            for chunk in self._file.chunks(window=window)
            if len(chunk)
        ]
        for rows in chunks:
            reader.count_repeated_hour(rows)
        parts = [reader.ready(rows, between=(start, end)) for rows in chunks]
        rejected = [each for part in parts for each in part.rejected]
        return ReadyRows(_merged([rows for part in parts for rows in part.rows]), rejected)


def _merged(parts: list[TurbineRows]) -> list[TurbineRows]:
    """One entry a turbine, its rows in the order they came."""
    by_turbine: dict[str, list[TurbineRows]] = defaultdict(list)
    for part in parts:
        by_turbine[part.turbine_id].append(part)
    return [_joined(own) for own in by_turbine.values()]


def _joined(parts: list[TurbineRows]) -> TurbineRows:
    if len(parts) == 1:
        return parts[0]
    before = np.cumsum([0, *(len(part) for part in parts)])
    unreadable = {
        (row + int(shift), place): text
        for part, shift in zip(parts, before, strict=False)
        for (row, place), text in part.unreadable.items()
    }
    return TurbineRows(
        parts[0].turbine_id,
        np.concatenate([part.timestamp for part in parts]),
        np.concatenate([part.values for part in parts]),
        unreadable,
    )
