"""Keeps the alarm table equal to the rules run from scratch over all stored rows."""

import pandas as pd

from ml_app_wind_draft.core.alarms import Alarm
from ml_app_wind_draft.core.clock import FOR_EVER
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.monitoring.alarms import all_alarms, digest, judge, stretch_of
from ml_app_wind_draft.storage.data_manager import DataManager


class AlarmWatch:
    """Judges the rows that changed, a stretch of time at each turn."""

    def __init__(self, manager: DataManager, site: Site) -> None:
        self._manager = manager
        self._site = site
        self._rules_are_set = False

    def turn(self) -> bool:
        """Judge the next stretch of each turbine with changes; true where some are left."""
        if not self._rules_are_set:
            digests = {each: digest(self._site, each) for each in self._site.turbine_ids}
            self._manager.set_alarm_rules(digests)
            self._rules_are_set = True
        judgements = []
        for work in self._manager.judging_work(self._site.turbine_ids):
            start, end = stretch_of(work, self._site)
            rows = self._manager.normal_rows(work.turbine_id, start, end, NORMAL)
            judgements.append(judge(work, rows, self._site))
        if not judgements:
            return False
        stored = self._manager.save_judgements(judgements)
        return stored < len(judgements) or any(each.remaining for each in judgements)


def wrong_alarms(manager: DataManager, site: Site) -> list[str]:
    """A sentence for each turbine whose stored alarms are not those of the rules run from scratch.

    Turbines with rows that are still to be judged are left out.
    """
    waiting = {work.turbine_id for work in manager.judging_work(site.turbine_ids)}
    found = []
    for turbine_id in site.turbine_ids:
        if turbine_id in waiting:
            continue
        rows = manager.normal_rows(turbine_id, 0, FOR_EVER, NORMAL)
        stored = _as_alarms(manager.alarms(0, FOR_EVER, [turbine_id]))
        differing = len(set(stored) ^ set(all_alarms(rows, turbine_id, site)))
        if differing:
            found.append(f"{differing:,} alarms of {turbine_id} are not what the rules say")
    return found


def _as_alarms(frame: pd.DataFrame) -> list[Alarm]:
    return [
        Alarm(
            str(each["rule"]),
            int(each["start"]),
            None if pd.isna(each["end"]) else int(each["end"]),
            float(each["peak"]),
            float(each["energy_below_expectation"]),
        )
        for each in frame.to_dict("records")
    ]
