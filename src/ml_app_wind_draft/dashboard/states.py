"""A turbine's newest state in a word or two and a tone; the word carries the meaning."""

from dataclasses import dataclass
from typing import Literal

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import HELD_BACK, ICED, NORMAL
from ml_app_wind_draft.dashboard.reader import Current
from ml_app_wind_draft.dashboard.words import is_missing

Tone = Literal["good", "watch", "calm"]
OUTDATED_STEPS = 3
JUDGED_BY_BAND = {"", NORMAL}


@dataclass(frozen=True, slots=True)
class State:
    """`help` is the sentence behind the word."""

    word: str
    tone: Tone
    help: str


def state_of(current: Current, site: Site, now: int, *, has_champion: bool) -> State:
    """What the newest row says. `now` is event time, s."""
    missing = _missing(current, site, now)
    if missing:
        return missing
    if current.power <= 0:
        return _standing_still(current, site)
    if current.state not in JUDGED_BY_BAND:
        return _inferred(current.state)
    if not current.scored:
        word = "Not scored yet" if has_champion else "Measured"
        return State(word, "calm", "No prediction for the newest row yet.")
    return _against_band(current)


def _missing(current: Current, site: Site, now: int) -> State | None:
    if current.timestamp is None:
        return State("No data", "calm", "No row of this turbine has arrived yet.")
    if now - (current.timestamp + site.step) > OUTDATED_STEPS * site.step:
        return State("Silent", "watch", "Its newest row is older than the rest of the farm's.")
    if is_missing(current.power):
        return State("No power signal", "watch", "The newest row carries no plausible power.")
    if is_missing(current.wind_speed):
        return State("No wind signal", "watch", "Without wind speed nothing can be predicted.")
    return None


def _standing_still(current: Current, site: Site) -> State:
    if current.wind_speed <= site.normal_operation.cut_in_wind_speed:
        return State("Calm", "calm", "Too little wind to produce.")
    return State("Standstill", "watch", "There is wind, but no power.")


def _inferred(state: str) -> State:
    if state in HELD_BACK:
        return State("Held back", "watch", "Pitched away from more power: not normal operation.")
    if state == ICED:
        return State("Iced sensor", "watch", "It makes power, and its anemometer stands still.")
    return State(state.replace("_", " ").capitalize(), "calm", "Inferred state.")


def _against_band(current: Current) -> State:
    if is_missing(current.p10) or is_missing(current.p90):
        return State("No prediction", "calm", current.reason or "The outcome has no band.")
    if current.power < current.p10:
        return State("Below band", "watch", "Less power than P10, which 9 in 10 rows exceed.")
    if current.power > current.p90:
        return State("Above band", "calm", "More power than P90, which 9 in 10 rows stay below.")
    return State("In band", "good", "Power lies within the expected P10\N{EN DASH}P90 band.")
