"""The seam over the model, without HTTP: its waits cost nothing on virtual time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from esddns.shell.kube import seam
from esddns.shell.kube.seam import Cluster, Kind, Object, UnreachableError, WatchEvent
from standin.model import ApiServerModel
from standin.refusal import NoAnswerError, Refusal
from standin.request import Request

_PAGE = 500
_LISTS = 3
_LIST_LIMIT = 6
_Objects = list[Object]

_CLASSES: dict[int, type[seam.ClusterError]] = {
    401: seam.DeniedError,
    403: seam.DeniedError,
    404: seam.NotFoundError,
    409: seam.ConflictError,
    410: seam.GoneError,
    429: seam.ServerError,
}


class ModelCluster(Cluster):
    """What `client` sees of the model. `deadline`: seconds that one request may take in all."""

    def __init__(
        self, model: ApiServerModel, client: str, namespace: str = "esddns", deadline: float = 5.0
    ) -> None:
        self._model = model
        self._client = client
        self._namespace = namespace
        self._deadline = deadline

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        return await self._ask(self._request("get", kind, namespace, name))  # type: ignore[no-any-return]

    async def list(self, kind: Kind, *, namespace: str | None = None) -> tuple[_Objects, str]:
        """Read all objects of a kind, to the last page; gives the list's resourceVersion beside them."""
        request = self._request("list", kind, namespace)
        limit = self._deadline * _LIST_LIMIT
        try:
            async with asyncio.timeout(limit):
                for _ in range(_LISTS):
                    try:
                        return await self._all_pages(request)
                    except seam.GoneError:
                        continue
        except TimeoutError as error:
            raise UnreachableError(f"{_words(request)}: no answer within {limit:g} s") from error
        raise seam.GoneError(f"{_words(request)}: forgotten between two pages, {_LISTS} times over")

    async def create(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Create; ConflictError where it exists."""
        return await self._ask(self._sending("create", kind, body))  # type: ignore[no-any-return]

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace where `metadata.resourceVersion` still is what stands there; else ConflictError."""
        request = self._sending("update", kind, body)
        if not body.get("metadata", {}).get("resourceVersion"):
            raise seam.InvalidObjectError(
                f"{_words(request)}: no metadata.resourceVersion to compare with"
            )
        return await self._ask(request)  # type: ignore[no-any-return]

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Mapping[str, Any],
        *,
        namespace: str | None = None,
        status: bool = False,
    ) -> Object:
        """Merge (RFC 7396) into an object, or with `status` into its status subresource."""
        request = self._request("patch", kind, namespace, name, body=patch, status=status)
        return await self._ask(request)  # type: ignore[no-any-return]

    async def delete(self, kind: Kind, name: str, *, namespace: str | None = None) -> None:
        """Delete; NotFoundError where it is absent."""
        await self._ask(self._request("delete", kind, namespace, name))

    async def watch(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        namespace: str | None = None,
        since: str,
        seconds: float,
    ) -> AsyncGenerator[WatchEvent]:
        """Tell what changes after resourceVersion `since`, for `seconds`; one object only with `name`."""
        request = self._request("watch", kind, namespace, name, since=since)
        limit = max(1, math.ceil(seconds))
        end = asyncio.get_running_loop().time() + limit + self._deadline
        watch = await self._within(request, self._deadline, self._model.watch(request))
        try:
            async with aclosing(watch.events(limit)) as events:
                while True:
                    left = end - asyncio.get_running_loop().time()
                    event = await self._within(request, left, anext(events, None))
                    if event is None:
                        return
                    yield event
        finally:
            watch.close()

    async def close(self) -> None:
        """There is nothing to close."""

    def _request(
        self, verb: str, kind: Kind, namespace: str | None, name: str | None = None, **more: Any
    ) -> Request:
        within = (namespace or self._namespace) if kind.namespaced else ""
        return Request(self._client, verb, kind, within, name, **more)

    def _sending(self, verb: str, kind: Kind, body: Mapping[str, Any]) -> Request:
        metadata = body.get("metadata") or {}
        return self._request(verb, kind, metadata.get("namespace"), metadata.get("name"), body=body)

    async def _all_pages(self, request: Request) -> tuple[_Objects, str]:
        objects: _Objects = []
        token = ""
        while True:
            page = self._request("list", request.kind, request.namespace, limit=_PAGE, token=token)
            items, version, token = await self._ask(page)
            objects += items
            if not token:
                return objects, str(version)

    async def _ask(self, request: Request) -> Any:
        return await self._within(request, self._deadline, self._model.answer(request))

    async def _within(self, request: Request, seconds: float, answer: Any) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as error:
            raise UnreachableError(f"{_words(request)}: no answer within {seconds:g} s") from error
        except NoAnswerError as error:
            raise UnreachableError(f"{_words(request)}: {error}") from error
        except Refusal as error:
            usual = seam.ServerError if error.status >= 500 else seam.InvalidObjectError
            kind = _CLASSES.get(error.status, usual)
            raise kind(f"{_words(request)}: HTTP {error.status}: {error.message}") from error


def _words(request: Request) -> str:
    what = f"{request.kind.kind} status" if request.status else request.kind.kind
    return f"{request.verb} {what} {request.namespace}/{request.name or '*'}"
