"""Keeps the alarm table equal to the rules run from scratch over all stored rows."""

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.monitoring.alarms import digest, judge, stretch_of
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
