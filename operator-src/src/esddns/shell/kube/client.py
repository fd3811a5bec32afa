"""The API server, through the official client: its credentials and TLS; our JSON, limits and errors.

Only its ApiClient is used, never its seven hundred models, and it is imported when connecting and not before:
commands without a cluster have no use for 20 MB. Nothing is retried here: the caller knows if it makes sense.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from esddns import __version__
from esddns.shell.kube import seam
from esddns.shell.kube.seam import Cluster, EventType, Kind, Object, UnreachableError, WatchEvent

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # the kubelet's own choice
_PAGE = 500  # objects asked for at once, as client-go does
_LISTS = 3  # times that a list is begun anew when the API server forgot it between two pages
_LIST_LIMIT = 6  # a whole list may take so many times what one request may
_EXCERPT = 200  # characters of an answer in a message
_NO_SUCH_API = "404 page not found"  # what the API server says of a group that it does not serve

_Query = Sequence[tuple[str, str]]
_Objects = list[Object]  # in the class below `list` is a method

_CLASSES: dict[int, type[seam.ClusterError]] = {
    HTTPStatus.UNAUTHORIZED: seam.DeniedError,
    HTTPStatus.FORBIDDEN: seam.DeniedError,
    HTTPStatus.NOT_FOUND: seam.NotFoundError,
    HTTPStatus.CONFLICT: seam.ConflictError,
    HTTPStatus.GONE: seam.GoneError,
} | dict.fromkeys((408, 429, *range(500, 600)), seam.ServerError)


async def connect(
    namespace: str | None = None,
    *,
    deadline: float = 5.0,
    service_account: Path = SERVICE_ACCOUNT,
    kubeconfig: str | None = None,
) -> KubernetesCluster:
    """Be ready to talk to the API server; nothing is sent yet.

    In a pod as its service account, elsewhere (or with `kubeconfig`) as the kubeconfig says. `namespace`
    defaults to the pod's own; `deadline`: seconds that one request may take in all. Raises ClusterError
    where there is nothing to connect with.
    """
    client: Any = importlib.import_module("kubernetes.aio.client")
    settings = await configure(service_account, kubeconfig)
    # A proxy in the environment, or a netrc, is there for the Internet, not for the API server.
    settings.client_session_kwargs = {"trust_env": False, "middlewares": (_once,)}
    # Each watch holds a connection: with a limit, many of them would leave none for the Lease.
    settings.connection_pool_maxsize = 0
    try:
        api = client.ApiClient(settings)
        if not namespace and kubeconfig is None and (service_account / "token").exists():
            namespace = (service_account / "namespace").read_text().strip()
    except OSError as error:
        raise seam.ClusterError(f"no API server by {service_account}: {error}") from error
    if not namespace:
        raise seam.ClusterError("which namespace? There is no service account: name one")
    api.user_agent = f"esddns/{__version__}"
    return KubernetesCluster(api, namespace, deadline)


async def configure(service_account: Path, kubeconfig: str | None) -> Any:
    """Give the official client's Configuration: where the API server is, who asks. Raises ClusterError."""
    client: Any = importlib.import_module("kubernetes.aio.client")
    config: Any = importlib.import_module("kubernetes.aio.config")
    token, certificate = service_account / "token", service_account / "ca.crt"
    settings = client.Configuration()
    try:
        if kubeconfig is None and token.exists():
            loader = config.incluster_config.InClusterConfigLoader
            loader(str(token), str(certificate)).load_and_set(settings)
        else:
            await config.load_kube_config(kubeconfig, client_configuration=settings)
    except (config.ConfigException, OSError) as error:
        raise seam.ClusterError(f"no API server by {token} or a kubeconfig: {error}") from error
    return settings


class KubernetesCluster(Cluster):
    """A real API server; `deadline`: seconds that one request may take. Close it at the end."""

    def __init__(self, api: Any, namespace: str, deadline: float = 5.0) -> None:
        self._api = api
        self._namespace = namespace
        self._deadline = deadline

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        return await self._ask(_Call("get", kind, namespace or self._namespace, name), "GET")

    async def list(self, kind: Kind, *, namespace: str | None = None) -> tuple[_Objects, str]:
        """Read all objects of a kind, to the last page; gives the list's resourceVersion beside them."""
        call = _Call("list", kind, namespace or self._namespace)
        async with _limited(call, self._deadline * _LIST_LIMIT):
            for _ in range(_LISTS):
                with contextlib.suppress(seam.GoneError):
                    return await self._all_pages(call)
        raise seam.GoneError(f"{call}: forgotten between two pages, {_LISTS} times over")

    async def create(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Create; ConflictError where it exists."""
        call = self._call("create", kind, body)
        return await self._ask(call, "POST", body=dict(body))

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace where `metadata.resourceVersion` still is what stands there; else ConflictError."""
        call = self._call("update", kind, body)
        if not body.get("metadata", {}).get("resourceVersion"):
            # Of some kinds the API server would take it, over whatever stands there.
            raise seam.InvalidObjectError(f"{call}: no metadata.resourceVersion to compare with")
        return await self._ask(call, "PUT", body=dict(body))

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
        call = _Call("patch", kind, namespace or self._namespace, name, status=status)
        return await self._ask(call, "PATCH", body=dict(patch))

    async def delete(self, kind: Kind, name: str, *, namespace: str | None = None) -> None:
        """Delete; NotFoundError where it is absent."""
        await self._ask(_Call("delete", kind, namespace or self._namespace, name), "DELETE")

    async def watch(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        namespace: str | None = None,
        since: str,
        seconds: float,
    ) -> AsyncGenerator[WatchEvent]:
        """Tell what changes after resourceVersion `since`, for `seconds`; one object only with `name`.

        `since` empty: first what there is, as ADDED. A silent connection is noticed only when the
        API server should have ended the watch: who cannot wait so long limits the wait for each event.
        """
        call = _Call("watch", kind, namespace or self._namespace, name)
        limit = max(1, math.ceil(seconds))
        query = [("watch", "true"), ("allowWatchBookmarks", "true")]
        query += [("timeoutSeconds", str(limit)), ("resourceVersion", since)]
        if name is not None:
            query.append(("fieldSelector", f"metadata.name={name}"))
        loop = asyncio.get_running_loop()
        end = loop.time() + limit + self._deadline
        async with _limited(call, self._deadline):
            response: aiohttp.ClientResponse = await self._send(call, "GET", query)
            if response.status != HTTPStatus.OK:
                raise _refusal(call, response.status, await response.read())
        try:
            while True:
                async with _limited(call, end - loop.time()):
                    line = await response.content.readline()
                if not line:
                    return
                yield _read_event(call, line)
        finally:
            response.close()

    def _call(self, verb: str, kind: Kind, body: Mapping[str, Any]) -> _Call:
        metadata = body.get("metadata") or {}
        namespace = metadata.get("namespace") or self._namespace
        return _Call(verb, kind, namespace, metadata.get("name"))

    async def _all_pages(self, call: _Call) -> tuple[_Objects, str]:
        objects: _Objects = []
        more = ""
        while True:
            page = await self._ask(call, "GET", [("limit", str(_PAGE)), ("continue", more)])
            # Items of the built-in kinds do not say what they are.
            what = {"apiVersion": call.kind.api_version, "kind": call.kind.kind}
            objects += [what | item for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            if not (more := str(metadata.get("continue") or "")):
                return objects, str(metadata.get("resourceVersion", ""))

    async def _ask(self, call: _Call, method: str, query: _Query = (), body: Any = None) -> Object:
        async with _limited(call, self._deadline):
            response: aiohttp.ClientResponse = await self._send(call, method, query, body)
            text = await response.read()
        answer = _read_object(text)
        if answer is None or not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(call, response.status, text)
        return answer

    async def _send(self, call: _Call, method: str, query: _Query, body: Any = None) -> Any:
        headers = {"Accept": "application/json"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        try:
            request = await self._api.param_serialize(
                method, call.path, {}, [*query], headers, body, auth_settings=["BearerToken"]
            )
        except Exception as error:  # what reads the credentials: a hook, a plugin, whatever it is
            raise seam.UnreachableError(f"{call}: not asked: no credentials: {error}") from error
        unlimited = aiohttp.ClientTimeout(total=None)  # the limits are ours: watches last
        return (await self._api.call_api(*request, _request_timeout=unlimited)).response


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, as a message and an RBAC rule name it."""

    verb: str
    kind: Kind
    namespace: str
    name: str | None = None
    status: bool = False

    def __str__(self) -> str:
        what = f"{self.kind.kind} status" if self.status else self.kind.kind
        return f"{self.verb} {what} {self.namespace}/{self.name or '*'}"

    @property
    def path(self) -> str:
        """Where it stands at the API server."""
        api = f"/apis/{self.kind.group}" if self.kind.group else "/api"
        within = f"/namespaces/{quote(self.namespace, safe='')}" if self.kind.namespaced else ""
        path = f"{api}/{self.kind.version}{within}/{self.kind.plural}"
        if self.name is not None and self.verb in {"get", "update", "patch", "delete"}:
            path += f"/{quote(self.name, safe='')}"
        return f"{path}/status" if self.status else path

    @property
    def rule(self) -> str:
        """What a Role must have for it."""
        resource = f"{self.kind.plural}/status" if self.status else self.kind.plural
        # RBAC cannot know the name of what does not exist yet.
        names = f', resourceNames ["{self.name}"]' if self.name and self.verb != "create" else ""
        return f'apiGroups ["{self.kind.group}"], resources ["{resource}"]{names}, verbs ["{self.verb}"]'


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> Any:
    """Keep aiohttp from sending a PUT or DELETE twice: done the first time, it would look refused."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


@contextlib.asynccontextmanager
async def _limited(call: _Call, seconds: float) -> AsyncGenerator[None]:
    """Let it take so long; whatever breaks on the way means that there was no answer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UnreachableError(f"{call}: no answer within {seconds:g} s") from error
    except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
        raise UnreachableError(f"{call}: {str(error) or type(error).__name__}") from error


def _read_object(text: bytes) -> Object | None:
    with contextlib.suppress(ValueError, RecursionError):
        if isinstance(answer := json.loads(text), dict):
            return answer
    return None


def _refusal(call: _Call, status: int, text: bytes) -> seam.ClusterError:
    answer = _read_object(text)
    if answer is not None and answer.get("kind") == "Status":
        return _from_status(call, status, answer)
    excerpt = " ".join(text.decode(errors="replace").split())[:_EXCERPT]
    said = f"{call}: HTTP {status}: {excerpt or 'nothing more'}"
    if status == HTTPStatus.NOT_FOUND and excerpt == _NO_SUCH_API:
        return seam.NotFoundError(f"{said} (is the CRD of {call.kind.api_version} installed?)")
    if _CLASSES.get(status) is seam.ServerError:
        return seam.ServerError(said)
    # A proxy's 404 does not mean that an object is gone: only the API server's own word counts.
    return UnreachableError(f"{said} (no API server says that: something stands before it)")


def _from_status(call: _Call, status: int, answer: Object) -> seam.ClusterError:
    message = str(answer.get("message") or answer.get("reason") or "nothing more")
    said = f"{call}: HTTP {status}: {message}"
    if status == HTTPStatus.FORBIDDEN and " cannot " in message:
        said += f" (the Role lacks: {call.rule})"
    return _CLASSES.get(status, seam.InvalidObjectError)(said)


def _read_event(call: _Call, line: bytes) -> WatchEvent:
    match _read_object(line):
        case {"type": "ERROR", "object": {"code": int(code)} as status}:
            raise _from_status(call, code, status)
        case {"type": str(what), "object": dict(told)} if what in EventType.__members__:
            return WatchEvent(EventType(what), told)
    raise UnreachableError(f"{call}: broke off, or no event of a watch: {line[:_EXCERPT]!r}")
