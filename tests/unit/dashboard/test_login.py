"""Who gets past the login, and what its cookie is like."""

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.dashboard.guard import watch_over
from ml_app_wind_draft.dashboard.login import Patience, require_login

PASSWORD = "gust of wind"
HERE = "http://localhost:8050"
BEHIND_TLS = "https://localhost"


def server(settings, **changes: str) -> Flask:
    changed = settings.model_copy(update={"ui_password": PASSWORD, "ui_secret_key": "k"} | changes)
    made = Flask(__name__)
    for path in ("/", "/health", "/_dash-layout"):
        made.add_url_rule(path, path, lambda: "inside")
    watch_over(made, changed)
    require_login(made, changed, "La Haute Borne")
    return made


@pytest.fixture
def client(settings):
    return server(settings).test_client()


def look(client, path: str = "/"):
    """What a browser gets."""
    return client.get(path, base_url=HERE, headers={"Accept": "text/html"})


def log_in(client, password=PASSWORD, base_url=HERE, **form: str):
    given = {"password": password, **form}
    return client.post("/login", data=given, base_url=base_url, headers={"Origin": base_url})


def test_without_a_password_nobody_is_asked(settings):
    assert server(settings, ui_password="").test_client().get("/", base_url=HERE).text == "inside"


def test_a_reader_is_led_to_the_login_and_back(client):
    away = look(client, "/?range=24h")
    assert (away.status_code, away.location) == (303, "/login?next=%2F%3Frange%3D24h")
    assert 'name="next" value="/?range=24h"' in client.get(away.location, base_url=HERE).text
    back = log_in(client, next="/?range=24h")
    assert (back.status_code, back.location) == (303, "/?range=24h")
    assert look(client).text == "inside"


def test_what_is_no_page_is_refused(client):
    assert client.post("/_dash-layout", base_url=HERE).status_code == 401
    json = {"Accept": "application/json"}
    assert client.get("/_dash-layout", base_url=HERE, headers=json).status_code == 401


def test_the_health_check_needs_no_password(client):
    assert client.get("/health", base_url=HERE).text == "inside"


@pytest.mark.parametrize("path", ["/healthy", "/login/", "/x/assets/", "/assets/../"])
def test_nothing_else_is_open(client, path):
    answer = look(client, path)
    assert answer.status_code in {303, 404}
    assert "inside" not in answer.text


@pytest.mark.parametrize("password", ["", "Gust of wind", "gust of wind ", "\N{SNOWMAN}"])
def test_a_wrong_password_opens_nothing(client, password):
    assert log_in(client, password).status_code == 401
    assert look(client).status_code == 303


def test_a_hash_in_the_file_does_as_well(settings):
    client = server(settings, ui_password=generate_password_hash(PASSWORD)).test_client()
    assert log_in(client).status_code == 303


def test_a_password_that_can_be_guessed_is_refused(settings):
    with pytest.raises(ConfigurationError, match="fewer than 8"):
        server(settings, ui_password="wind")


def cookie_of(answer) -> str:
    return answer.headers["Set-Cookie"]


def test_the_cookie_is_out_of_reach_for_scripts_and_other_pages(client):
    cookie = cookie_of(log_in(client))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_never_travels_without_it(settings):
    assert "Secure" in cookie_of(log_in(server(settings).test_client(), base_url=BEHIND_TLS))
    known = server(settings, ui_uri=BEHIND_TLS).test_client()
    assert "Secure" in cookie_of(log_in(known))


def test_log_out_ends_the_session(client):
    log_in(client)
    client.post("/logout", base_url=HERE, headers={"Origin": HERE})
    assert look(client).status_code == 303


def test_sessions_outlive_a_restart_but_not_a_new_password(settings):
    cookie = cookie_of(log_in(server(settings).test_client())).partition(";")[0]

    def seen(**changes: str) -> int:
        fresh = server(settings, **changes).test_client(use_cookies=False)
        return fresh.get(
            "/", base_url=HERE, headers={"Cookie": cookie, "Accept": "text/html"}
        ).status_code

    assert seen() == 200
    assert seen(ui_password="another password") == 303
    assert seen(ui_secret_key="another key") == 303
    assert seen(ui_secret_key="") == 303


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "", "/login"],
)
def test_the_login_leads_to_no_other_address(client, wanted):
    assert log_in(client, next=wanted).location == "/"


def test_another_page_cannot_log_in_or_out(client):
    form = {"data": {"password": PASSWORD}, "headers": {"Origin": "https://evil.example"}}
    assert client.post("/login", base_url=HERE, **form).status_code == 403
    assert client.post("/logout", base_url=HERE, **form).status_code == 403


def test_guessing_is_not_listened_to_for_long(client):
    assert [log_in(client, "a guess").status_code for _ in range(11)] == [401] * 10 + [429]
    late = log_in(client)
    assert (late.status_code, late.headers["Retry-After"]) == (429, "60")


def test_patience_comes_back_and_right_passwords_cost_none():
    now = 0.0
    patience = Patience(most=2, seconds=60, clock=lambda: now)
    for _ in range(5):
        assert patience.take()
        patience.give_back()
    assert [patience.take() for _ in range(3)] == [True, True, False]
    now = 60.0
    assert patience.take()
