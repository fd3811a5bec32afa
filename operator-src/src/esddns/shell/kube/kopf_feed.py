"""Kopf, in a thread of its own with a loop of its own: it watches DNSRecords and tells what becomes of them.

Not in our loop: Kopf cancels every task that was made after its start when it ends. And only `on.event`: the
other handlers put annotations and finalizers on objects, which a GitOps tool would fight over.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from esddns import __version__
from esddns.shell.kube.client import SERVICE_ACCOUNT, configure
from esddns.shell.kube.feed import FeedError, FeedStuckError, OnEvent
from esddns.shell.kube.seam import DNS_RECORDS, INACTIVITY, ClusterError, EventType, WatchEvent
from esddns.shell.log import event

_log = logging.getLogger("esddns")

_SERVER_TIMEOUT = 600  # seconds that one watch lasts
_REQUEST_TIMEOUT = 10.0  # seconds, for anything but a watch
_APART = 1.0  # seconds from one watch of a namespace to the next: Kopf itself would not wait
# Seconds before a refused request is tried again, once; then it fails, and who follows begins anew, later.
_AGAIN = (0.5,)
_BEGIN = 30.0  # seconds until Kopf has looked what is served, and asked for what it is to follow
_CRD = f"is the CRD of {DNS_RECORDS.api_version} installed?"


class KopfFeed:
    """Credentials as the client's: a pod's service account, else a kubeconfig.

    `grace`: seconds that Kopf has to end when it is told to.
    """

    def __init__(
        self,
        *,
        service_account: Path = SERVICE_ACCOUNT,
        kubeconfig: str | None = None,
        grace: float = 5.0,
    ) -> None:
        self._service_account = service_account
        self._kubeconfig = kubeconfig
        self._grace = grace

    async def follow(self, namespaces: Sequence[str], on_event: OnEvent) -> None:
        """Tell every event until cancelled.

        Raises FeedError where Kopf ended by itself, FeedStuckError where it does not end when told to, and
        whatever `on_event` raises.
        """
        if not namespaces:
            raise ValueError("no namespaces: Kopf would take that for all there are")
        kopf = await _import_kopf()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[BaseException | None] = loop.create_future()
        broken: asyncio.Future[Exception] = loop.create_future()
        term = _Term(kopf, self._service_account, self._kubeconfig, namespaces)
        following = True

        def take(seen: WatchEvent) -> None:
            if following and not broken.done():
                try:
                    on_event(seen)
                except Exception as error:  # noqa: BLE001  # it is raised by follow, not lost in the loop
                    broken.set_result(error)

        def run() -> None:
            error = term.run(lambda seen: loop.call_soon_threadsafe(take, seen))
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set_result, error)

        threading.Thread(target=run, name="kopf", daemon=True).start()
        try:
            either: set[asyncio.Future[Any]] = {ended, broken}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            following = False
            await self._stop(term, ended)
            if not broken.done():
                raise
        if broken.done():
            try:
                raise broken.result()
            finally:
                await self._stop(term, ended)
        if failure := ended.result():
            raise FeedError(f"Kopf failed: {_words(failure)}") from failure
        raise FeedError("Kopf ended by itself")

    async def _stop(self, term: _Term, ended: asyncio.Future[BaseException | None]) -> None:
        term.stop()
        if not (await asyncio.wait({ended}, timeout=self._grace))[0]:
            raise FeedStuckError(f"Kopf did not end within {self._grace:g} s: the process has to")
        if failure := ended.result():
            event(_log, logging.WARNING, "Kopf failed as it was stopped", error=_words(failure))


class _Term:
    """One run of Kopf. It looks as well for what Kopf would let pass in silence, and makes an end then."""

    def __init__(
        self, kopf: Any, service_account: Path, kubeconfig: str | None, namespaces: Sequence[str]
    ) -> None:
        self._kopf = kopf
        self._service_account = service_account
        self._kubeconfig = kubeconfig
        self._namespaces = list(namespaces)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_left_behind)
        self._end: asyncio.Future[None] = self._loop.create_future()
        self._due: dict[str, float] = {}  # when a namespace must have been asked for again
        self._began: dict[str, float] = {}  # when its last watch began
        self._connector: aiohttp.TCPConnector | None = None
        self._session: aiohttp.ClientSession | None = None

    def run(self, tell: Callable[[WatchEvent], object]) -> BaseException | None:
        """Run until `stop`, in the thread that calls this; give what it failed of."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._watch_over(tell))
        except BaseException as error:  # noqa: BLE001  # whatever it is, the thread ends by it
            return error
        return None

    def stop(self) -> None:
        """Make an end, from any thread."""
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._make_end)

    def _make_end(self, error: Exception | None = None) -> None:
        if not self._end.done():
            if error is None:
                self._end.set_result(None)
            else:
                self._end.set_exception(error)

    async def _watch_over(self, tell: Callable[[WatchEvent], object]) -> None:
        self._due = dict.fromkeys(self._namespaces, self._loop.time() + _BEGIN)
        overdue = asyncio.create_task(self._overdue())
        # The last to be made: Kopf takes every later task for its own. And to be cancelled, not stopped by
        # a flag: that would take it 5 s where a request of its own hangs.
        operator = asyncio.create_task(self._operate(tell))
        running = (self._end, overdue, operator)
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for one in running:
            one.cancel()
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        if self._session is not None and self._connector is not None:
            await self._session.close()
            await self._connector.close()
        for outcome in outcomes:  # of several, the others came of the first
            if isinstance(outcome, Exception):
                raise outcome

    async def _overdue(self) -> None:
        while True:
            late = [namespace for namespace, due in self._due.items() if due <= self._loop.time()]
            if late:
                raise ClusterError(f"it does not ask for DNSRecords of {', '.join(late)} ({_CRD})")
            await asyncio.sleep(min(self._due.values()) - self._loop.time())

    async def _operate(self, tell: Callable[[WatchEvent], object]) -> None:
        kopf = self._kopf
        # What it fails of is raised, and said by whoever follows; its tracebacks would say it three times.
        logging.getLogger("kopf").setLevel(logging.CRITICAL)
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)  # type: ignore[untyped-decorator]
        async def log_in(**_: Any) -> Any:
            try:
                return await self._log_in()
            except Exception as error:  # noqa: BLE001  # Kopf would try again for ever, in silence
                self._make_end(error)

        @kopf.on.event(  # type: ignore[untyped-decorator]
            DNS_RECORDS.group, DNS_RECORDS.version, DNS_RECORDS.plural, registry=registry
        )
        async def on_event(event: Any, **_: Any) -> None:
            try:
                # A copy that nobody in this thread has; the listing at the start comes without a type.
                found = json.loads(json.dumps(event["object"]))
                tell(WatchEvent(EventType(event["type"] or EventType.MODIFIED), found))
            except Exception as error:  # noqa: BLE001  # Kopf would log it, and go on with the next
                self._make_end(error)

        await kopf.operator(
            registry=registry,
            settings=_settings(kopf),
            standalone=True,
            identity="esddns",  # else it asks for the user's name, which a number in a pod has not
            namespaces=self._namespaces,
        )

    async def _log_in(self) -> Any:
        if self._session is not None:  # Kopf does so after a 401, and again after each
            raise ClusterError("the API server does not take these credentials, or closed TLS")
        rest: Any = importlib.import_module("kubernetes.aio.client.rest")
        configuration = await configure(self._service_account, self._kubeconfig)
        tls = rest.RESTClientObject(configuration).ssl_context

        async def send_on(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            if request.url.name == DNS_RECORDS.plural:
                await self._note(request.url.parts[-2], watch="watch" in request.url.query)
            # For every request, as the client does: a service account's token is renewed in its file.
            if settings := await configuration.auth_settings():
                request.headers["Authorization"] = settings["BearerToken"]["value"]
            return await send(request)

        self._connector = aiohttp.TCPConnector(ssl=tls, limit=0)  # each namespace has a watch
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            # As it fails Kopf closes the session, and would say that requests under way failed of that.
            connector_owner=False,
            headers={"User-Agent": f"esddns/{__version__}"},
            proxy=configuration.proxy,  # a kubeconfig's; one in the environment is for the Internet
            middlewares=(send_on,),
        )
        return self._kopf.AiohttpSession(server=configuration.host, aiohttp_session=self._session)

    async def _note(self, namespace: str, *, watch: bool) -> None:
        if watch:
            before = self._began.get(namespace, -_APART)
            await asyncio.sleep(before + _APART - self._loop.time())
            self._began[namespace] = self._loop.time()
        self._due[namespace] = self._loop.time() + _SERVER_TIMEOUT + INACTIVITY + _REQUEST_TIMEOUT


async def _import_kopf() -> Any:
    """Not in the thread that is to end within `grace`: with little CPU, this takes longer."""
    try:
        return await asyncio.to_thread(importlib.import_module, "kopf")
    except ImportError as error:
        raise FeedError(f"Kopf is not installed: {error}") from error


def _settings(kopf: Any) -> Any:
    settings = kopf.OperatorSettings()
    # With it, Kopf asks for namespaces and CRDs first, which a Role cannot allow.
    settings.scanning.disabled = True
    # Without it, a Kopf that fails kills the process by SIGKILL.
    settings.process.ultimate_exiting_timeout = None
    settings.posting.enabled = False
    # It takes its own finalizer off objects that have it; this is one that the API server lets none have.
    settings.persistence.finalizer = ""
    settings.watching.server_timeout = _SERVER_TIMEOUT
    settings.watching.inactivity_timeout = INACTIVITY
    settings.watching.reconnect_backoff = _APART
    settings.networking.request_timeout = _REQUEST_TIMEOUT
    settings.networking.error_backoffs = _AGAIN
    return settings


def _words(error: BaseException) -> str:
    if isinstance(error, ClusterError):
        return str(error)
    status = getattr(error, "status", None)  # Kopf's and aiohttp's errors of an answer have one
    if status is None:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        cause = error.__cause__
        return f"{said}, for {_words(cause)}" if isinstance(cause, Exception) else said
    hint = f" ({_CRD})" if status == HTTPStatus.NOT_FOUND else ""
    return f"HTTP {status}: {getattr(error, 'message', None) or error}{hint}"


def _left_behind(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line what asyncio would say in thirty of each request that Kopf gave up."""
    error = context.get("exception") or context["message"]
    event(_log, logging.DEBUG, "Kopf left behind", error=error)
