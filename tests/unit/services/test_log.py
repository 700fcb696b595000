import io
import logging
import re
import warnings

import pytest

from ml_app_wind_draft.services.log import configure


@pytest.fixture(autouse=True)
def _restore_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def test_a_line_is_time_service_level_message(out: io.StringIO) -> None:
    configure("app-ui", stream=out)
    logging.getLogger("any").info("listening on %s", 8050)
    assert re.fullmatch(r"\d\d:\d\d:\d\d app-ui {11}info {4}listening on 8050\n", out.getvalue()), (
        out.getvalue()
    )


def test_every_line_of_a_traceback_has_the_prefix(out: io.StringIO) -> None:
    configure("app-ui", stream=out)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("any").exception("it broke")
    lines = out.getvalue().splitlines()
    assert len(lines) > 3
    assert all(re.match(r"\d\d:\d\d:\d\d app-ui +error ", line) for line in lines)


def test_colour_is_for_terminals_or_on_demand(out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    configure("app-ui", stream=out)
    logging.getLogger("any").error("x")
    assert "\x1b[31merror" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    configure("app-ui", stream=out)
    logging.getLogger("any").error("plain")
    assert "\x1b" not in out.getvalue().splitlines()[-1]


def test_the_level_is_taken_from_the_environment(out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "warning")
    configure("app-ui", stream=out)
    logging.getLogger("any").info("hidden")
    assert out.getvalue() == ""


def test_python_warnings_come_as_lines_too(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("app-ui", stream=out)
        warnings.warn("look here", UserWarning, stacklevel=1)
    assert (
        "warning UserWarning" in re.sub(r"\S+: ", "", out.getvalue())
        or "look here" in out.getvalue()
    )
