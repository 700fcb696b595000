"""Alarms, and how far the rules have come: what monitoring works out and storage keeps."""

from dataclasses import dataclass, field

UNDER_PERFORMANCE = "under_performance"
MODEL_DOUBT = "model_doubt"
RULES = (UNDER_PERFORMANCE, MODEL_DOUBT)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A span in which a rule held an alarm on; s UTC, `end` is `None` while it is on.

    It holds for the rows with start <= timestamp < end. `peak` is the rule's highest measure (a
    fraction), `energy` the energy below expectation of its normal rows, kWh.
    """

    rule: str
    start: int
    end: int | None
    peak: float
    energy: float


@dataclass(frozen=True, slots=True)
class RuleState:
    """Where one rule stands before the rows from `timestamp` on.

    `held`: seconds of rows in a row that speak for a change. `start`, `peak` and `lost` (whole
    watts, summed over rows) belong to the alarm that is on; 0 while it is off.
    """

    rule: str
    timestamp: int
    on: bool = False
    held: int = 0
    start: int = 0
    peak: float = 0.0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class JudgingWork:
    """What changed at a turbine since its alarms were worked out: rows from `since` to `until`, s.

    `changes` counts changes, so that a judgement on older rows is noticed. `begin` is where the
    rules can be taken up again, `states` where they stood there (none: at their start), `known`
    the states after that as they are stored, by timestamp. `newest` is the newest row's timestamp.
    """

    turbine_id: str
    since: int
    until: int
    changes: int
    newest: int
    begin: int
    states: tuple[RuleState, ...]
    known: dict[int, frozenset[RuleState]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The alarms and states of a turbine from `begin` up to `end` (s; `None`: to the last row).

    Replaces what is stored there, but for alarms in `kept` (rule, start), which go on as they are.
    `remaining` is the span (s) that is still to be judged.
    """

    turbine_id: str
    changes: int
    begin: int
    end: int | None
    alarms: list[Alarm]
    states: list[RuleState]
    kept: frozenset[tuple[str, int]] = frozenset()
    remaining: tuple[int, int] | None = None
