"""Where weather forecasts come from. Another source needs one class with `name` and `fetch`."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import requests

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.core.errors import WeatherError, WeatherUnavailableError
from ml_app_wind_draft.core.weather import WeatherRun

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0
PAUSES = (1.0, 4.0)  # s before the second and the third try
PASSING_STATUS = frozenset({429, 500, 502, 503, 504})
REFUSED = 400


class WeatherProvider(Protocol):
    """A source of weather forecasts."""

    name: str

    def fetch(self, latitude: float, longitude: float) -> WeatherRun:
        """The newest forecast for a place (degrees, WGS 84).

        Raises `WeatherUnavailableError` where waiting may help, else `WeatherError`.
        """
        ...


class OpenMeteo:
    """The forecast API of https://open-meteo.com/en/docs: free for non-commercial use, no key.

    Their data are under CC BY 4.0: name them where you show them. `issued_at` is when the forecast
    was fetched, for what was fetched then could be known then, whichever model run it is from.
    """

    name = "open-meteo"
    url = "https://api.open-meteo.com/v1/forecast"
    variables = (
        "wind_speed_80m",
        "wind_speed_120m",
        "wind_direction_80m",
        "wind_direction_120m",
        "wind_speed_10m",
        "wind_gusts_10m",
        "temperature_2m",
        "surface_pressure",
    )
    days = 4

    def __init__(self, url: str = "", sleep: Callable[[float], object] = time.sleep) -> None:
        self._url = url or self.url
        self._sleep = sleep

    def fetch(self, latitude: float, longitude: float) -> WeatherRun:
        """Wind in m/s, directions in degrees, temperature in °C, pressure in hPa; hourly."""
        query: dict[str, str | int | float] = {
            "latitude": round(latitude, 4),
            "longitude": round(longitude, 4),
            "hourly": ",".join(self.variables),
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "forecast_days": self.days,
        }
        answer = self._patiently(query)
        return self._read(answer)

    def _patiently(self, query: dict[str, str | int | float]) -> requests.Response:
        for pause in (*PAUSES, None):
            try:
                answer = requests.get(
                    self._url, params=query, timeout=(CONNECT_TIMEOUT, ANSWER_TIMEOUT)
                )
            except requests.RequestException as error:
                trouble = f"{self._url} does not answer ({type(error).__name__})."
            else:
                if answer.status_code not in PASSING_STATUS:
                    return answer
                trouble = f"{self._url} is in trouble: HTTP {answer.status_code}."
            if pause is not None:
                self._sleep(pause)
        raise WeatherUnavailableError(trouble, remedy="Try again in some minutes.")

    def _read(self, answer: requests.Response) -> WeatherRun:
        try:
            content: dict[str, Any] = answer.json()
            if answer.status_code >= REFUSED or content.get("error"):
                reason = str(content.get("reason", "no reason given")).rstrip(".")
                message = f"{self._url} refuses with HTTP {answer.status_code}: {reason}."
                raise WeatherError(message)
            hourly = content["hourly"]
            valid = np.asarray(hourly["time"], dtype=np.int64)
            columns = [np.asarray(hourly[name], dtype=np.float64) for name in self.variables]
            values = np.column_stack(columns)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"The answer of {self._url} is not as documented: {error!r}."
            remedy = "Is the address right? It has to speak Open-Meteo's forecast API."
            raise WeatherError(message, remedy=remedy) from error
        return WeatherRun(self.name, wall_now(), self.variables, valid, values)
