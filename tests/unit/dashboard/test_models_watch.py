"""MLflow's answers, kept."""

from ml_app_wind_draft.core.errors import RegistryUnavailableError
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.registry.records import ModelVersion

CHAMPION = ModelVersion(3, "catboost", ("champion",), 0, 0, 0, {"score": 31.0}, "run", "url")


class Registry:
    answers = True

    def champion(self):
        if not self.answers:
            message = "MLflow does not answer."
            raise RegistryUnavailableError(message)
        return CHAMPION

    def challenger(self):
        return None

    def versions(self, most=None):
        return []

    def close(self):
        pass


def test_the_last_good_answer_stays_while_mlflow_is_down():
    registry = Registry()
    watch = ModelsWatch(lambda: registry, seconds=60)
    watch.ask(registry)
    registry.answers = False
    watch.ask(registry)
    assert watch.seen.champion == CHAMPION
    assert watch.seen.seen_at
    assert watch.seen.trouble == "MLflow does not answer."
    registry.answers = True
    watch.ask(registry)
    assert watch.seen.trouble == ""


def test_nothing_is_known_before_the_first_answer():
    watch = ModelsWatch(Registry, seconds=60)
    assert watch.seen.champion is None
    assert watch.seen.seen_at is None
