"""A local Open-Meteo: real HTTP on loopback, the answers and faults of the real service. Needs no Odoo.

Its shapes follow the public service: one object for one place, a list (each with `location_id` from the second on) for
several; coordinates snapped to its grid; `daily_units`; status 400 with {"error": true, "reason": ...} for bad input;
status 429 with a reason in words; the archive without values in its last days.
"""

import json
import math
import threading
import time
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

UNITS = {"temperature_2m_mean": "°C", "temperature_2m_max": "°C", "temperature_2m_min": "°C", "precipitation_sum": "mm"}
ARCHIVE_DELAY = 5


class FakeOpenMeteo:
    """``with FakeOpenMeteo(today) as fake``: `fake.url`, `fake.requests` (path, query), `fake.faults` to come.

    Each entry of `faults` spoils one request, in their order; None lets one pass. `always` spoils all of them.
    """

    def __init__(self, today=date(2026, 7, 1)):
        self.today, self.requests, self.faults, self.always = today, [], [], None
        self.refused_latitudes = set()
        self.api_key = None

    def __enter__(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                fake._answer(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A client that gave up waiting is part of the play.
        self.server.handle_error = lambda request, address: None
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()

    # --- the service -------------------------------------------------------------------------------------------

    def _answer(self, handler):
        parts = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.requests.append((parts.path, query))
        fault = self.always or (self.faults.pop(0) if self.faults else None)
        if fault in ("429", "429_no_header", "429_date", "429_in_words"):
            return self._limited(handler, fault)
        if fault in ("500", "502", "503"):
            return self._send(handler, int(fault), b"<html>Bad Gateway</html>", "text/html")
        if fault == "error_200":
            return self._send(handler, 200, self._error("Unexpected error while streaming data: timeoutReached"))
        if fault == "html":
            return self._send(handler, 200, b"<html>maintenance</html>", "text/html")
        if fault == "slow":
            time.sleep(1.0)
        if self.api_key and query.get("apikey") != self.api_key:
            return self._send(handler, 400, self._error("The supplied API key is invalid."))
        try:
            places = self._places(parts.path, query)
        except ValueError as error:
            return self._send(handler, 400, self._error(str(error)))
        spoil(places, fault)
        body = json.dumps(places[0] if len(places) == 1 else places).encode()
        if fault == "truncated_body":
            # A proxy that closes early: the JSON is cut, the length agrees.
            return self._send(handler, 200, body[: len(body) // 2])
        if fault == "broken_connection":
            return self._send(handler, 200, body[: len(body) // 2], length=len(body))
        return self._send(handler, 200, body)

    def _limited(self, handler, fault):
        body = self._error("Minutely API request limit exceeded. Please try again in one minute.")
        headers = {"429": {"Retry-After": "120"}, "429_date": {"Retry-After": "Wed, 01 Jul 2099 00:00:00 GMT"}}
        status = 200 if fault == "429_in_words" else 429
        return self._send(handler, status, body, headers=headers.get(fault, {}))

    @staticmethod
    def _error(reason):
        return json.dumps({"error": True, "reason": reason}).encode()

    @staticmethod
    def _send(handler, status, body, kind="application/json; charset=utf-8", length=None, headers=None):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(length or len(body)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    def _places(self, path, query):
        latitudes, longitudes = ([float(v) for v in query[k].split(",")] for k in ("latitude", "longitude"))
        if len(latitudes) != len(longitudes):
            raise ValueError("Parameter 'latitude' and 'longitude' must have the same number of elements")
        for latitude in latitudes:
            if abs(latitude) > 90 or latitude in self.refused_latitudes:
                raise ValueError(f"Latitude must be in range of -90 to 90°. Given: {latitude}.")
        first, last = self._period(path, query)
        names = query["daily"].split(",")
        for name in names:
            if name not in UNITS:
                raise ValueError(f"Cannot initialize DailyVariable from invalid String value {name}.")
        places = []
        for index, (latitude, longitude) in enumerate(zip(latitudes, longitudes, strict=True)):
            place = {
                "latitude": round(latitude * 8) / 8,
                "longitude": round(longitude * 8) / 8,
                "generationtime_ms": 0.4,
                "utc_offset_seconds": 28800,
                "timezone": "Asia/Shanghai" if query.get("timezone") == "auto" else "GMT",
                "timezone_abbreviation": "GMT+8",
                "elevation": 8.0,
                "daily_units": {"time": "iso8601", **{name: UNITS[name] for name in names}},
                "daily": self._daily(path, latitude, first, last, names),
            }
            places.append({**place, **({"location_id": index} if index else {})})
        return places

    def _period(self, path, query):
        if path == "/v1/forecast":
            days = int(query.get("forecast_days", 7))
            if not 0 <= days <= 16:
                raise ValueError(f"Forecast days is invalid. Allowed range 0 to 16. Given {days}.")
            return self.today - timedelta(int(query.get("past_days", 0))), self.today + timedelta(days - 1)
        if path == "/v1/archive":
            first, last = date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])
            if last > self.today or first > last:
                raise ValueError(
                    f"Parameter 'end_date' is out of allowed range from 1940-01-01 to {self.today}. Given {last}."
                )
            return first, last
        raise ValueError("Not Found")

    def _daily(self, path, latitude, first, last, names):
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        daily = {"time": [day.isoformat() for day in days]}
        for name in names:
            known = [path == "/v1/forecast" or day <= self.today - timedelta(ARCHIVE_DELAY) for day in days]
            values = [self.value(name, latitude, day) for day in days]
            daily[name] = [value if there else None for value, there in zip(values, known, strict=True)]
        return daily

    @staticmethod
    def value(name, latitude, day):
        """What this weather is at a latitude on a day; tests compare with it."""
        number = day.timetuple().tm_yday
        if name == "precipitation_sum":
            return round((day.toordinal() * 7 % 10) / 2, 1)
        mean = 30 - 0.6 * (latitude - 18) + (5 + 0.5 * (latitude - 18)) * math.cos((number - 201) / 365.25 * math.tau)
        return round(mean + {"temperature_2m_max": 5, "temperature_2m_min": -5}.get(name, 0), 1)


def spoil(places, fault):
    """Change the answer in place as the fault says."""
    daily = places[0]["daily"]
    if fault == "nulls":
        daily["temperature_2m_mean"][1] = None
        daily["precipitation_sum"] = [None] * len(daily["time"])
    elif fault == "wrong_length":
        daily["precipitation_sum"].pop()
    elif fault == "missing_variable":
        del daily["temperature_2m_max"]
    elif fault == "missing_place":
        places.pop()
    elif fault == "no_daily":
        del places[0]["daily"]
    elif fault == "gap":
        del daily["time"][2]
        for name in UNITS:
            del daily[name][2]
    elif fault == "nonsense":
        daily["temperature_2m_mean"][0] = 9999.0
