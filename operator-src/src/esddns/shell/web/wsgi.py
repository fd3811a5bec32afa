"""The WSGI server (waitress), in a thread, on a socket that only this process knows."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import ErrorTask  # type: ignore[import-untyped]

from esddns.shell.door import LARGEST_HEAD

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_THREADS = 4
_LARGEST_BODY = 1024  # bytes of a request: none has a body that is of any use
# More than any answer: it is kept in memory, for there may be no disk that can be written to.
_LARGEST_ANSWER = 64 * 1024 * 1024


class WsgiServer:
    """Runs from `start` to `stop`. `headers` go with answers that the application is not asked for."""

    def __init__(
        self,
        application: Wsgi,
        headers: Sequence[tuple[str, str]],
        on_refused: Callable[[str], None],
    ) -> None:
        # In the abstract namespace (unix(7)): it needs no folder, and is gone with the process.
        self.address = f"\0esddns-web-{secrets.token_hex(16)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.address)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no news
        self._server = create_server(
            application,
            sockets=[self._socket],
            threads=_THREADS,
            ident=None,  # nobody has to know what answers
            max_request_header_size=LARGEST_HEAD,
            max_request_body_size=_LARGEST_BODY,
            outbuf_overflow=_LARGEST_ANSWER,
            outbuf_high_watermark=_LARGEST_ANSWER,
            log_socket_errors=False,
            asyncore_use_poll=True,
            connection_limit=1000,  # the door lets fewer in
        )

        class Refusal(ErrorTask):  # type: ignore[misc]
            """Answers a request that cannot be read."""

            def execute(self) -> None:
                """Answer it as every other."""
                self.response_headers.extend(headers)
                super().execute()
                on_refused(self.status.split(" ")[0])

        class Channel(HTTPChannel):  # type: ignore[misc]
            """A connection to the application."""

            error_task_class = Refusal

        self._server.channel_class = Channel
        self._thread = threading.Thread(target=self._server.run, name="wsgi", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close what is open, and end the threads; blocks for a second at most."""
        if not self._thread.is_alive():
            self._socket.close()
            return
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))  # noqa: SLF001
        self._thread.join(1)
        self._server.task_dispatcher.shutdown(timeout=1)
