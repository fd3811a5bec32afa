"""The Flask application: six pages that can be looked at, and nothing that can be changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from importlib import resources
from typing import Protocol

from flask import Flask, Response, g, render_template, request
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from esddns import __version__
from esddns.shell.clock import Now
from esddns.shell.health import probe_answer
from esddns.shell.web.headers import ASK_AGAIN, KEPT, METHODS, NOT_KEPT, SECURITY
from esddns.shell.web.metrics import WebMetrics
from esddns.shell.web.page import make_page
from esddns.shell.web.snapshot import Snapshot

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
          ".svg": "image/svg+xml", ".json": "application/schema+json"}  # fmt: skip
_FILES = ("status.css", "status.js", "icon.svg")
_SCHEMA = "raw.schema.json"


class Shown(Protocol):
    """What there is to show; asked from several threads."""

    @property
    def snapshot(self) -> Snapshot:
        """What is known."""
        ...

    def stalled(self) -> list[str]:
        """Name the loops that do not live."""
        ...


def make_app(
    shown: Shown, metrics: WebMetrics, not_ready: Callable[[], list[str]], now: Now
) -> Flask:
    """Make the application."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # no redirects: they would repeat what the request says
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    _bind(app, metrics)
    files = {name: _read(name) for name in (*_FILES, _SCHEMA)}
    links = {name: f"static/{name}?v={_name_of(files[name])}" for name in _FILES}
    fragment = _Fragment(shown, now)

    @app.get("/")
    def page() -> Response:
        text = render_template("page.html", fragment=fragment.text(), links=links)
        return _answer(text, "text/html; charset=utf-8", NOT_KEPT)

    @app.get("/fragment", endpoint="fragment")
    def part() -> Response:
        return _answer(fragment.text(), "text/html; charset=utf-8", NOT_KEPT)

    @app.get("/raw")
    def raw() -> Response:
        snapshot = shown.snapshot
        answer = _answer(snapshot.raw, "application/json", ASK_AGAIN)
        answer.set_etag(snapshot.etag)
        answer.make_conditional(request)
        return answer

    @app.get(f"/{_SCHEMA}")
    def schema() -> Response:
        return _file(files[_SCHEMA], _SCHEMA, ASK_AGAIN)

    @app.get("/static/<name>")
    def static(name: str) -> Response:
        if name not in _FILES:
            return _verdict("there is no such page\n", 404)
        return _file(files[name], name, KEPT if request.query_string else ASK_AGAIN)

    @app.get("/healthz")
    def healthz() -> Response:
        return _reasons("stalled", shown.stalled())

    @app.get("/readyz")
    def readyz() -> Response:
        return _reasons("not ready", not_ready())

    @app.get("/metrics", endpoint="metrics")
    def get_metrics() -> Response:
        return _answer(generate_latest(metrics.registry), CONTENT_TYPE_LATEST, NOT_KEPT)

    return app


def _bind(app: Flask, metrics: WebMetrics) -> None:
    """What holds for every request and every answer."""

    @app.before_request
    def before() -> Response | None:
        g.began = time.perf_counter()
        if request.method in METHODS:
            return None
        refused = _verdict("only GET and HEAD are answered here\n", 405)
        refused.headers["Allow"] = ", ".join(METHODS)
        return refused

    @app.after_request
    def after(answer: Response) -> Response:
        for name, value in SECURITY:
            answer.headers[name] = value
        endpoint = request.endpoint if request.endpoint in app.view_functions else "other"
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.requests.labels(endpoint, str(answer.status_code)).observe(seconds)
        return answer

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        code = error.code or 500
        text = "there is no such page" if code == 404 else (error.name or "error").lower()  # noqa: PLR2004
        return _verdict(f"{text}\n", code)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        app.logger.error("an answer could not be made", exc_info=error)
        return _verdict("the page could not be made: see the log of this service\n", 500)


class _Fragment:
    """The part of the page that changes, made once for each second in which it is asked for."""

    def __init__(self, shown: Shown, now: Now) -> None:
        self._shown = shown
        self._now = now
        self._made: tuple[Snapshot, int, str] | None = None

    def text(self) -> str:
        """Give it as HTML."""
        snapshot, now = self._shown.snapshot, self._now()
        second, made = int(now.timestamp()), self._made
        if made is not None and made[0] is snapshot and made[1] == second:
            return made[2]
        page = make_page(snapshot.site, snapshot.at, now)
        text = render_template("fragment.html", page=page, version=__version__)
        self._made = (snapshot, second, text)
        return text


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", name).read_bytes()


def _name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _answer(body: str | bytes, kind: str, cache: tuple[str, str]) -> Response:
    return Response(body, content_type=kind, headers=[cache])


def _file(content: bytes, name: str, cache: tuple[str, str]) -> Response:
    answer = _answer(content, _TYPES[name[name.rindex(".") :]], cache)
    answer.set_etag(_name_of(content))
    answer.make_conditional(request)
    return answer


def _verdict(text: str, status: int) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8", headers=[NOT_KEPT])


def _reasons(bad: str, reasons: list[str]) -> Response:
    status, text = probe_answer(bad, reasons)
    return _verdict(text, status)
