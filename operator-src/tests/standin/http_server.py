"""The model over HTTP on loopback, as the real client meets it."""

from __future__ import annotations

import json
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Self

from aiohttp import web

from esddns.shell.kube.seam import DNS_RECORDS, Kind
from standin.discovery import discover
from standin.http_trouble import reset
from standin.model import ApiServerModel
from standin.refusal import NoAnswerError, Refusal, UnknownKindError
from standin.request import Request
from standin.store import KINDS

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?P<status>/status)?)?"
)
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MERGE_PATCH = "application/merge-patch+json"

Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class HttpStandIn:
    """`async with HttpStandIn(model) as standin:` listens on `standin.url` (with `tls`, https).

    `spoil`: each of these answers one request in place of the model (http_trouble.py has some).
    """

    def __init__(self, model: ApiServerModel, tls: ssl.SSLContext | None = None) -> None:
        self.model = model
        self.spoil: deque[Answerer] = deque()
        self.seen: list[web.BaseRequest] = []
        self.port = 0
        self._tls = tls
        self._tokens: dict[str, str] = {}
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def admit(self, client: str) -> str:
        """Give a bearer token by which requests are known as that client's."""
        token = f"token-{len(self._tokens)}-of-{client}"
        self._tokens[token] = client
        return token

    def revoke(self, token: str) -> None:
        """Take a token back: 401 from now on."""
        del self._tokens[token]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:  # noqa: PLR0911  # one for each kind of answer
        self.seen.append(http)
        if self.spoil:
            return await self.spoil.popleft()(http)
        try:
            client = self._admitted(http)
            if (served := discover(http.path, self.model.store.served)) is not None:
                return web.json_response(served)
            request = await self._parse(http, client)
            if request.verb == "watch":
                return await self._watch(http, request)
            return _json(_shape(request, await self.model.answer(request)), request)
        except UnknownKindError as error:
            return web.Response(status=error.status, text=f"{error.message}\n")
        except Refusal as error:
            return web.json_response(error.body(), status=error.status)
        except NoAnswerError:
            return await reset(http)

    def _admitted(self, http: web.BaseRequest) -> str:
        scheme, _, token = http.headers.get("Authorization", "").partition(" ")
        client = self._tokens.get(token)
        if scheme.lower() != "bearer" or client is None:
            raise Refusal(401, "Unauthorized")
        return client

    async def _parse(self, http: web.BaseRequest, client: str) -> Request:
        where = _PATH.fullmatch(http.path)
        if where is None:
            raise UnknownKindError
        verb = _VERBS[http.method]
        query = http.query
        if verb == "get" and where["name"] is None:
            verb = "watch" if query.get("watch") == "true" else "list"
        if verb == "patch" and http.content_type != _MERGE_PATCH:
            raise Refusal(
                415, f"the body of the request was in an unknown format: {http.content_type}"
            )
        field, _, selected = query.get("fieldSelector", "").partition("=")
        if field not in {"", "metadata.name"}:
            raise Refusal(400, f"field label not supported: {field}")
        return Request(
            client,
            verb,
            _kind(where["group"] or "", where["version"], where["plural"]),
            where["namespace"] or "",
            where["name"] or selected or None,
            json.loads(await http.read()) if verb in {"create", "update", "patch"} else None,
            where["status"] is not None,
            query.get("resourceVersion", ""),
            int(query.get("limit", "0")),
            query.get("continue", ""),
        )

    async def _watch(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        try:
            watch = await self.model.watch(request)
        except Refusal as error:
            if error.status != 410:
                raise
            # A real one has answered 200 by the time it finds out.
            await response.prepare(http)
            await response.write(_line("ERROR", error.body()))
            return response
        try:
            await response.prepare(http)
            async with aclosing(watch.events(float(http.query["timeoutSeconds"]))) as events:
                async for event in events:
                    if event.type != "BOOKMARK" or http.query.get("allowWatchBookmarks") == "true":
                        await response.write(_line(event.type, event.object))
        except Refusal as error:
            await response.write(_line("ERROR", error.body()))
        except NoAnswerError:
            return await reset(http)
        finally:
            watch.close()
        return response


def _kind(group: str, version: str, plural: str) -> Kind:
    for kind in KINDS:
        if (kind.group, kind.version, kind.plural) == (group, version, plural):
            return kind
    raise UnknownKindError


def _shape(request: Request, result: Any) -> Any:
    kind = request.kind
    if request.verb == "delete":
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}
    if request.verb != "list":
        return result
    items, version, token = result
    if kind != DNS_RECORDS:  # built-in kinds do not say in a list what they are
        items = [
            {key: item[key] for key in item if key not in {"kind", "apiVersion"}} for item in items
        ]
    metadata = {"resourceVersion": str(version)} | ({"continue": token} if token else {})
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "items": items,
    }


def _json(body: Any, request: Request) -> web.Response:
    return web.json_response(body, status=201 if request.verb == "create" else 200)


def _line(kind: str, body: Any) -> bytes:
    return json.dumps({"type": str(kind), "object": body}).encode() + b"\n"
