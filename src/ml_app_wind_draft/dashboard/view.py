"""What a reader looks at: the page and all that its address says. The address is the one truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.words import UTC_ZONE, Zone

LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class View:
    """`page` is the page's key, `rest` what follows its path; `query` the address's parameters."""

    page: str
    rest: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    def choice(self, name: str, allowed: Mapping[str, Any] | tuple[str, ...], default: str) -> str:
        """The parameter `name` where it is one of `allowed`, else `default`."""
        wanted = self.query.get(name, default)
        return wanted if wanted in allowed else default

    def zone(self, site: Site) -> Zone:
        """UTC, or the site's own time where the reader has switched to it."""
        is_site = self.query.get("zone") == "site"
        return Zone("site", site.time_zone) if is_site else UTC_ZONE

    def metric(self) -> Literal["kw", "pct"]:
        """Whether errors are in kW or in percent of rated power."""
        return "pct" if self.query.get("metric") == "pct" else "kw"

    def instant(self, name: str) -> int | None:
        """The parameter `name` as an instant (s UTC), `2015-01-14T10:00Z` say; `None` without."""
        try:
            moment = datetime.fromisoformat(self.query.get(name, ""))
        except ValueError:
            return None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def view_of(data: Any) -> View | None:
    """The view that the browser names; it may say anything."""
    if not isinstance(data, dict) or not isinstance(data.get("page"), str):
        return None
    asked = data.get("query")
    query = {
        str(key): value
        for key, value in (asked if isinstance(asked, dict) else {}).items()
        if isinstance(value, str) and len(value) <= LONGEST_TEXT
    }
    return View(data["page"], str(data.get("rest") or "")[:LONGEST_TEXT], query)
