"""The dashboard's login: one password, a signed cookie, and no patience with guessing.

Off without a password. With one, everything but the health check, the login page and its style
asks for it. Requests from other pages are refused by the guard before they come here.
"""

import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response as AnyResponse

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.dashboard.theme import SCHEME_SCRIPT, css_variables

log = logging.getLogger(__name__)

LASTS = timedelta(days=7)
SHORTEST_PASSWORD = 8
HASHES = ("scrypt:", "pbkdf2:")
OPEN_PATHS = frozenset({"/health", "/login"})
OPEN_FOLDER = "/assets/"
PAGE = Path(__file__).parent / "login.html"
WRONG = "That is not the password."
TOO_OFTEN = "Too many wrong passwords. Wait a minute, then try again."


class Patience:
    """How many wrong passwords are listened to: `most` in `seconds`, whoever sends them.

    Not counted by address: behind a proxy or a container's bridge all readers have the same one,
    and a header that says otherwise can be made up.
    """

    def __init__(
        self, most: int = 10, seconds: float = 60, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._wrong: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether to listen to one more; it counts as wrong until it is given back."""
        with self._lock:
            now = self._clock()
            while self._wrong and now - self._wrong[0] >= self._seconds:
                self._wrong.popleft()
            if len(self._wrong) >= self._most:
                return False
            self._wrong.append(now)
            return True

    def give_back(self) -> None:
        """The last one was right."""
        with self._lock:
            if self._wrong:
                self._wrong.pop()


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies; behind TLS they never travel without it."""

    def __init__(self, *, tls: bool) -> None:
        self._tls = tls

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - the interface's
        """The proxy ends TLS; that a page was reached through it is seen by its origin."""
        return self._tls or request.headers.get("Origin", "").startswith("https://")


def require_login(server: Flask, settings: Settings, title: str) -> None:
    """Ask for the password of `settings`, if it has one. `title` stands on the login page.

    Raises `ConfigurationError` for a password that can be guessed.
    """
    if not settings.ui_password:
        return
    _use_sessions(server, settings)
    server.before_request(_turn_away)
    _let_in_and_out(server, _as_hash(settings.ui_password), title)


def _turn_away() -> AnyResponse | None:
    if session.get("in") or request.path in OPEN_PATHS or request.path.startswith(OPEN_FOLDER):
        return None
    if request.method == "GET" and request.accept_mimetypes.accept_html:
        wanted = request.full_path.rstrip("?")
        return redirect(f"/login?next={quote(wanted, safe='')}", 303)
    return Response("Log in first.\n", status=401, mimetype="text/plain")


def _let_in_and_out(server: Flask, known: str, title: str) -> None:
    patience = Patience()
    page = server.jinja_env.from_string(PAGE.read_text(encoding="utf-8"))

    @server.get("/login")
    def ask() -> AnyResponse:
        return redirect(_own_path(), 303) if session.get("in") else answer()

    @server.post("/login")
    def let_in() -> AnyResponse:
        if not patience.take():
            log.warning("too many wrong passwords: none is listened to for a while")
            return answer(TOO_OFTEN, 429)
        if not check_password_hash(known, request.form.get("password", "")):
            log.warning("a wrong password was given")
            return answer(WRONG, 401)
        patience.give_back()
        session.clear()
        session.permanent = True
        session["in"] = True
        return redirect(_own_path(), 303)

    @server.post("/logout")
    def let_out() -> AnyResponse:
        session.clear()
        return redirect("/login", 303)

    def answer(said: str = "", status: int = 200) -> Response:
        words = {"title": title, "said": said, "next": _own_path()}
        style = {"scheme": SCHEME_SCRIPT, "variables": css_variables()}
        response = Response(page.render(**words, **style), status=status, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        if status == 429:  # noqa: PLR2004 - HTTP's "too many requests"
            response.headers["Retry-After"] = "60"
        return response


def _use_sessions(server: Flask, settings: Settings) -> None:
    key = settings.ui_secret_key or secrets.token_urlsafe()
    # With the password in it, a new password ends all sessions.
    signs = hmac.new(key.encode(), settings.ui_password.encode(), hashlib.sha256)
    server.config.update(
        SECRET_KEY=signs.hexdigest(),
        SESSION_COOKIE_NAME="wind_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LASTS,
    )
    server.session_interface = Sessions(tls=settings.ui_uri.startswith("https://"))


def _as_hash(password: str) -> str:
    """The password as scrypt keeps it; one that is hashed already stays as it is."""
    if password.startswith(HASHES):
        return password
    if len(password) < SHORTEST_PASSWORD:
        message = f"The dashboard's password has fewer than {SHORTEST_PASSWORD} characters."
        raise ConfigurationError(message, remedy="Put a longer one into the file.")
    return generate_password_hash(password, method="scrypt")


def _own_path() -> str:
    """Where to go after the login: a path of this page, never another address."""
    wanted = request.values.get("next", "/")
    foreign = not wanted.startswith("/") or wanted.startswith(("//", "/\\", "/login"))
    return "/" if foreign or not wanted.isprintable() else wanted
