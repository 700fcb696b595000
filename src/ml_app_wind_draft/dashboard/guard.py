"""Answers only those who call the dashboard by its own name.

A page elsewhere on the web can make a browser ask any address, and a name that an attacker owns can
point at this machine (DNS rebinding). Checking Host and Origin shuts out both.
"""

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, request

from ml_app_wind_draft.core.config import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class Guard:
    """Who may ask. Bound to all addresses, any literal IP address is one of the machine's own."""

    def __init__(self, settings: Settings) -> None:
        more = {
            each.strip().lower() for each in settings.ui_allowed_hosts.split(",") if each.strip()
        }
        self._more = frozenset(more)
        own = {settings.bind_address.lower(), _name_of(settings.ui_uri) or "localhost"}
        self._names = LOOPBACK | own | more
        self._any_address = settings.bind_address in ANY_ADDRESS

    def allows(self, host: str, origin: str | None) -> bool:
        """Whether a request with these headers is answered; `origin` may be absent (`None`)."""
        name = _name_of(f"//{host}")
        if name is None or not self._is_ours(name):
            return False
        if origin is None:
            return True
        return urlsplit(origin).netloc.lower() == host.lower() or _name_of(origin) in self._more

    def _is_ours(self, name: str) -> bool:
        return name in self._names or (self._any_address and _is_address(name))


def _name_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _origin_of(address: str) -> str:
    """Scheme, host and port, as a policy names them; the one other place that a page may ask."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def watch_over(server: Flask, settings: Settings) -> None:
    """Refuse foreign requests, and tell browsers to ask no other host on the page's behalf."""
    guard = Guard(settings)
    viz = _origin_of(settings.kedro_viz_uri)

    @server.before_request
    def check() -> Response | None:
        if guard.allows(request.headers.get("Host", ""), request.headers.get("Origin")):
            return None
        text = "This name is not allowed here. UI_ALLOWED_HOSTS=name lets more names in.\n"
        return Response(text, status=403, mimetype="text/plain")

    @server.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline';"
            " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'self';"
            f" frame-src 'self' {viz}; connect-src 'self' {viz};"
            " base-uri 'none'; form-action 'self'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        # With "no-referrer" a browser would say `Origin: null` when it sends the login's form.
        response.headers["Referrer-Policy"] = "same-origin"
        return response
