"""Who may ask the dashboard."""

import pytest

from ml_app_wind_draft.dashboard.guard import Guard


def guard(settings, **changes: str) -> Guard:
    return Guard(settings.model_copy(update=changes))


@pytest.mark.parametrize("host", ["localhost:8050", "127.0.0.1:8050", "LOCALHOST", "[::1]:8050"])
def test_its_own_names_are_answered(settings, host):
    assert guard(settings).allows(host, None)


@pytest.mark.parametrize(
    "host", ["evil.example:8050", "localhost.evil.example", "192.168.1.5", "", "["]
)
def test_foreign_names_are_refused(settings, host):
    assert not guard(settings).allows(host, None)


def test_the_bind_address_is_its_own_name(settings):
    assert guard(settings, bind_address="10.1.2.3").allows("10.1.2.3:8050", None)


def test_on_all_addresses_any_address_is_answered_but_no_name(settings):
    opened = guard(settings, bind_address="0.0.0.0")  # noqa: S104 - compared, not bound
    assert opened.allows("192.168.1.5:8050", None)
    assert not opened.allows("evil.example:8050", None)


def test_more_names_can_be_let_in(settings):
    more = guard(settings, ui_allowed_hosts="wind.example.org, app-ui")
    assert more.allows("wind.example.org", "https://wind.example.org")
    assert more.allows("app-ui:8050", None)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000"])
def test_pages_of_other_origins_are_refused(settings, origin):
    assert not guard(settings).allows("localhost:8050", origin)


def test_its_own_page_is_answered(settings):
    assert guard(settings).allows("localhost:8050", "http://localhost:8050")
