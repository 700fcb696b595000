"""The first pass over a file: nothing is written, and what cannot be right is refused."""

from dataclasses import dataclass, field

import numpy as np

from ml_app_wind_draft.core.errors import ImportFileError
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.chunks import cell_text
from ml_app_wind_draft.ingestion.local_time import Clock
from ml_app_wind_draft.ingestion.plausibility import ENOUGH, MOSTLY, Sample, unit_fault
from ml_app_wind_draft.ingestion.repeated_keys import RepeatedKeys
from ml_app_wind_draft.ingestion.row_reader import UNKNOWN, FileRows, RowReader, TableFile


@dataclass(slots=True)
class Survey:
    """What the first pass has seen of a file."""

    site: Site
    keys: RepeatedKeys
    rows: int = 0
    bad_stamps: int = 0
    bad_stamp: str = ""
    this_order: int = 0
    other_order: int = 0
    misread: str = ""
    bad_numbers: dict[int, int] = field(default_factory=dict)
    bad_number: dict[int, str] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)

    @classmethod
    def of(cls, site: Site) -> "Survey":
        """A survey that has seen nothing yet."""
        return cls(site, RepeatedKeys(site.step))

    def add(self, rows: FileRows, reader: RowReader) -> None:
        """Look at a chunk."""
        self.rows += len(rows.chunk)
        self._note_stamps(rows, reader)
        for (_, place), text in rows.unreadable.items():
            self.bad_numbers[place] = self.bad_numbers.get(place, 0) + 1
            self.bad_number.setdefault(place, text)
        known = rows.turbine != UNKNOWN
        rated = np.array([self.site.turbines[name].rated_power for name in reader.turbine_ids])
        self.sample.add(rows.values[known], rated[rows.turbine[known]], rows.chunk.lines[known])
        # The repeated hour is settled only after this pass; its pairs are two rows, not one twice.
        plain = known & rows.readable & (rows.shows == Clock.ONCE)
        self.keys.note(rows.turbine[plain], rows.first[plain], rows.values[plain])
        reader.count_repeated_hour(rows)

    def check(self, file: TableFile) -> None:
        """Raise `ImportFileError` if the file cannot be what the site file says it is."""
        path = str(file.path)
        self._check_stamps(path)
        self._check_numbers(path, file.decimal)
        self._check_units(path)

    def _note_stamps(self, rows: FileRows, reader: RowReader) -> None:
        bad = np.flatnonzero(~rows.readable)
        self.bad_stamps += len(bad)
        if len(bad) and not self.bad_stamp:
            column = rows.chunk.columns[reader.site.columns.timestamp.column]
            self.bad_stamp = cell_text(column, int(bad[0]))
        self.this_order += rows.stamps.this_order
        self.other_order += rows.stamps.other_order
        self.misread = self.misread or rows.stamps.misread

    def _check_stamps(self, path: str) -> None:
        described = self.site.columns.timestamp
        if self.other_order > self.this_order:
            now, then = ("day", "month") if described.day_first else ("month", "day")
            raise ImportFileError(
                path,
                f"the site file says that dates begin with the {now}, and these with the {then}",
                column=described.column,
                example=self.misread,
                remedy=f"Set day_first: {str(not described.day_first).lower()} "
                "at columns.timestamp in the site file.",
            )
        if self.rows >= ENOUGH and self.bad_stamps == self.rows:
            raise ImportFileError(
                path,
                "no row has a time stamp that can be read",
                column=described.column,
                example=self.bad_stamp,
                remedy="Name the right column, or give its format (as for strptime, such as "
                '"%d.%m.%y %H:%M") at columns.timestamp.format in the site file.',
            )

    def _check_numbers(self, path: str, decimal: str) -> None:
        for place, count in self.bad_numbers.items():
            if count >= max(ENOUGH, MOSTLY * self.rows):
                name = SIGNAL_NAMES[place]
                raise ImportFileError(
                    path,
                    f"most values are not numbers with the decimal mark '{decimal}'",
                    column=self.site.columns.signals[name].column,
                    example=self.bad_number[place],
                    remedy=f"Name the right column for {name}, or set csv.decimal (site file).",
                )

    def _check_units(self, path: str) -> None:
        fault = unit_fault(self.site, self.sample)
        if fault is None:
            return
        column = self.site.columns.signals[fault.signal].column
        remedy = (
            f"The values fit the unit {' or '.join(fault.fitting)}: "
            f"set columns.signals.{fault.signal}.unit to '{fault.fitting[0]}' in the site file."
            if fault.fitting
            else f"Check in the site file that '{column}' is the column of {fault.signal}, and its "
            f"unit; a range of the site's own is set under limits.{fault.signal}."
        )
        line = int(np.concatenate(self.sample.lines)[fault.row])
        raise ImportFileError(
            path,
            f"most values of {fault.signal} are not plausible in {fault.unit}",
            column=column,
            example=f"{fault.value:.6g} in line {line}",
            remedy=remedy,
        )
