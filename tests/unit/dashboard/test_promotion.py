"""Who may change the champion from the page, and what they are told."""

from types import SimpleNamespace
from typing import Any, Self

import pytest

from ml_app_wind_draft.core.errors import RegistryError, StorageError
from ml_app_wind_draft.dashboard.promotion import promote, why_read_only

WHY = "It errs less in January."


class Registry:
    """Remembers who was promoted; `fails` is raised by the promotion."""

    def __init__(self, champion: int | None = 1, fails: Exception | None = None) -> None:
        self.version, self.fails, self.moves = champion, fails, []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def champion(self):
        return None if self.version is None else SimpleNamespace(version=self.version)

    def promote(self, version: int, *, by: str, why: str) -> None:
        if self.fails:
            raise self.fails
        self.moves.append((version, by, why))


def asked(settings, registry: Registry, version: int = 2, who: str = "Ada", why: str = WHY):
    opened: Any = lambda _: registry  # noqa: E731 - a stand-in for the class
    return promote(settings, version, who, why, open_registry=opened)


def test_a_promotion_is_written_down_with_who_and_why(settings):
    registry = Registry()
    outcome = asked(settings, registry, who="  Ada   L. ", why=f" {WHY}\n")
    assert outcome.done
    assert registry.moves == [(2, "Ada L. (dashboard)", WHY)]
    assert registry.closed


def test_the_first_champion_can_be_made_here(settings):
    registry = Registry(champion=None)
    assert asked(settings, registry).done


def test_who_is_champion_already_stays_so_without_a_line_in_the_trail(settings):
    registry = Registry(champion=2)
    outcome = asked(settings, registry)
    assert not outcome.done
    assert "already" in outcome.said
    assert registry.moves == []


@pytest.mark.parametrize(
    ("who", "why", "lacks"),
    [
        ("", WHY, "who you are"),
        ("   ", WHY, "who you are"),
        ("x" * 61, WHY, "who you are"),
        ("Ada", "", "Say why"),
        ("Ada", " ok ", "Say why"),
        ("Ada", "x" * 501, "Say why"),
    ],
)
def test_without_a_name_or_a_reason_nothing_happens(settings, who, why, lacks):
    registry = Registry()
    outcome = asked(settings, registry, who=who, why=why)
    assert not outcome.done
    assert lacks in outcome.said
    assert registry.moves == []


def test_an_open_address_without_a_login_is_read_only(settings):
    opened = settings.model_copy(update={"bind_address": "0.0.0.0"})  # noqa: S104 - never bound
    registry = Registry()
    assert why_read_only(opened)
    outcome = asked(opened, registry)
    assert (outcome.done, outcome.said) == (False, why_read_only(opened))
    assert registry.moves == []


def test_with_a_login_an_open_address_may_promote(settings):
    opened = settings.model_copy(update={"bind_address": "0.0.0.0", "ui_password": "secret"})  # noqa: S104
    assert why_read_only(opened) == ""
    assert asked(opened, Registry()).done


def test_a_registry_that_does_not_answer_changes_nothing_and_says_so(settings):
    outcome = asked(settings, Registry(fails=RegistryError("MLflow does not answer.")))
    assert not outcome.done
    assert outcome.said.startswith("Nothing was changed.")


def test_a_trail_that_cannot_be_written_is_not_passed_over(settings):
    outcome = asked(settings, Registry(fails=StorageError("The disk is full.")))
    assert not outcome.done
    assert "MLflow has moved the alias" in outcome.said
    assert "disk is full" in outcome.said
