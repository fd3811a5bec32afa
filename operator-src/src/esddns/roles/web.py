"""`esddns web`: the status service, a process without a token, a key, or any right in the cluster."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from esddns.shell.clock import utc_now
from esddns.shell.listening import written
from esddns.shell.log import event
from esddns.shell.waiting import all_ended, raise_first
from esddns.shell.web.service import ServiceOptions, StatusService

_log = logging.getLogger("esddns")

# Seconds between not being ready and closing: a load balancer takes that long to send nobody here.
_RETIRING = 2.0


async def web(options: ServiceOptions, end: Callable[[int], None]) -> None:
    """Run until SIGTERM or SIGINT, then `end` with 0. Raises CannotListenError and SelfSignedError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = StatusService(options, utc_now)
    listening, secure = await service.start()
    event(_log, logging.INFO, "started", listening=written(*listening),
          tls=written(*secure) if secure else None)  # fmt: skip
    running = asyncio.ensure_future(service.run())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            event(_log, logging.INFO, "ending")
            service.retire()
            await asyncio.wait({running}, timeout=_RETIRING)
    finally:
        stopping.cancel()
        running.cancel()
        await all_ended([running, stopping])
        await service.stop()
    raise_first([running])
    end(0)
