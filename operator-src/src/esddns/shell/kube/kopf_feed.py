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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from esddns.shell.kube.client import SERVICE_ACCOUNT, configure
from esddns.shell.kube.feed import FeedError, FeedStuckError, OnEvent
from esddns.shell.kube.seam import DNS_RECORDS, EventType, WatchEvent

_SERVER_TIMEOUT = 600  # seconds that one watch lasts
# Bookmarks come about once a minute, so a stream without any for longer is dead.
_INACTIVITY = 180.0  # seconds
_REQUEST_TIMEOUT = 30.0  # seconds, for anything but a watch
_RECONNECT = 1.0  # seconds between two watches
# Seconds before a refused request is tried again, once; then it fails, and who follows begins anew, later.
_AGAIN = (0.5,)
# Kopf asks for credentials again after this long: a service account's token is renewed in its file.
_CREDENTIALS_FOR = timedelta(seconds=60)

_Tell = Callable[[WatchEvent], None]


class KopfFeed:
    """Credentials as the client's: a pod's service account, else a kubeconfig.

    `grace`: seconds that Kopf has to end when it is told to; one that is failing takes 5.
    """

    def __init__(
        self,
        *,
        service_account: Path = SERVICE_ACCOUNT,
        kubeconfig: str | None = None,
        grace: float = 8.0,
    ) -> None:
        self._service_account = service_account
        self._kubeconfig = kubeconfig
        self._grace = grace

    async def follow(self, namespaces: Sequence[str], on_event: OnEvent) -> None:
        """Tell every event until cancelled.

        Raises FeedError where Kopf ended by itself, FeedStuckError where it does not end when told to.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        stop, following = threading.Event(), True

        def on_loop(seen: WatchEvent) -> None:
            if following:
                on_event(seen)

        def tell(seen: WatchEvent) -> None:
            loop.call_soon_threadsafe(on_loop, seen)

        def run() -> None:
            error: BaseException | None = None
            try:
                asyncio.run(self._operate(namespaces, tell, stop))
            except BaseException as raised:  # noqa: BLE001  # whatever it is, the thread ends by it
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_end, ended, error)

        thread = threading.Thread(target=run, name="kopf", daemon=True)
        thread.start()
        try:
            await asyncio.shield(ended)
        except FeedError:
            raise
        except asyncio.CancelledError:
            following = False
            stop.set()
            if not (await asyncio.wait({ended}, timeout=self._grace))[0]:
                message = f"Kopf did not end within {self._grace} s: the process has to"
                raise FeedStuckError(message) from None
            thread.join()
            raise
        raise FeedError("Kopf ended by itself")

    async def _operate(self, namespaces: Sequence[str], tell: _Tell, stop: threading.Event) -> None:
        kopf: Any = importlib.import_module("kopf")
        # What it fails of is raised, and said by whoever follows; its tracebacks would say it three times.
        logging.getLogger("kopf").setLevel(logging.CRITICAL)
        registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
        # With it, Kopf asks for namespaces and CRDs first, which a Role cannot allow.
        settings.scanning.disabled = True
        # Without it, a Kopf that fails kills the process by SIGKILL.
        settings.process.ultimate_exiting_timeout = None
        settings.posting.enabled = False
        settings.watching.server_timeout = _SERVER_TIMEOUT
        settings.watching.inactivity_timeout = _INACTIVITY
        settings.watching.reconnect_backoff = _RECONNECT
        settings.networking.request_timeout = _REQUEST_TIMEOUT
        settings.networking.error_backoffs = _AGAIN

        @kopf.on.login(registry=registry)  # type: ignore[untyped-decorator]
        async def log_in(**_: Any) -> Any:
            return await self._credentials(kopf)

        @kopf.on.event(  # type: ignore[untyped-decorator]
            DNS_RECORDS.group, DNS_RECORDS.version, DNS_RECORDS.plural, registry=registry
        )
        async def on_event(event: Any, **_: Any) -> None:
            # A copy that nobody in this thread has; the listing at the start comes without a type.
            found = json.loads(json.dumps(event["object"]))
            tell(WatchEvent(EventType(event["type"] or EventType.MODIFIED), found))

        try:
            await kopf.operator(
                registry=registry,
                settings=settings,
                standalone=True,
                identity="esddns",  # else it asks for the user's name, which a number in a pod has not
                namespaces=list(namespaces),
                stop_flag=stop,
            )
        finally:
            stop.set()  # a thread of Kopf's waits for it, and the loop for that thread

    async def _credentials(self, kopf: Any) -> Any:
        configuration = await configure(self._service_account, self._kubeconfig)
        scheme, _, token = str(configuration.api_key.get("BearerToken") or "").rpartition(" ")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            scheme=scheme or None,
            token=token or None,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            expiration=datetime.now(UTC) + _CREDENTIALS_FOR,
        )


def _end(ended: asyncio.Future[None], error: BaseException | None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(FeedError(f"Kopf failed: {type(error).__name__}: {error}"))
