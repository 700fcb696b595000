import re
import socket

import pytest

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError, PortInUseError
from ml_app_wind_draft.services.roster import select
from ml_app_wind_draft.services.up import _child_environment, _in_format, check_ports


def test_free_ports_are_accepted(settings: Settings) -> None:
    check_ports(select([]), settings)


@pytest.mark.parametrize(
    ("service", "field"),
    [("mlflow", "mlflow_port"), ("app-ui", "ui_port"), ("kedro-viz", "viz_port")],
)
def test_a_taken_port_is_named_with_the_variable_that_changes_it(
    settings: Settings, service: str, field: str
) -> None:
    port = getattr(settings, field)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortInUseError, match=f"{port}.*{service}.*{field.upper()}="):
            check_ports(select([]), settings)
        check_ports([one for one in select([]) if one.name != service], settings)


def test_two_services_cannot_share_a_port(settings: Settings) -> None:
    same = settings.model_copy(update={"viz_port": settings.ui_port})
    with pytest.raises(PortInUseError, match="VIZ_PORT"):
        check_ports(select([]), same)


def test_an_address_that_is_not_this_machines_is_refused(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"bind_address": "no.such.host.invalid"})
    with pytest.raises(ConfigurationError, match="BIND_ADDRESS"):
        check_ports(select([]), elsewhere)


def test_a_line_in_the_format_stays_and_any_other_is_put_into_it(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    own = "12:00:00 app-ui           info    here"
    assert _in_format("app-ui", own) == own
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d app-ui +info +Traceback:", _in_format("app-ui", "Traceback:")
    )


def test_services_colour_their_lines_but_draw_no_progress_bars(monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    environment = _child_environment()
    assert environment["WIND_COLOUR"] == "1"
    assert "FORCE_COLOR" not in environment
