"""The certificate in use: the mounted one as it is now, or a self-signed one, so that 443 always answers."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from esddns.core.x509 import not_after
from esddns.shell.clock import Now
from esddns.shell.log import event
from esddns.shell.web.self_signed import SelfSignedError

_log = logging.getLogger("esddns")

_LOOK = 5.0  # seconds between looks at the files
_RENEW = timedelta(days=30)  # before the end of a self-signed one
_LARGEST = 256 * 1024  # bytes of a file

# Makes a self-signed key and certificate, in PEM form. Raises SelfSignedError.
MakeSelfSigned = Callable[[], Awaitable[str]]


class Certificate:
    """Holds the TLS context that new connections use. `on_change` is called when anything of it is news.

    `problem` says why the files as they are now are not in use; None where they are, or where there are none.
    """

    def __init__(
        self,
        folder: Path,
        make: MakeSelfSigned,
        now: Now,
        on_change: Callable[[Certificate], None] = lambda _certificate: None,
    ) -> None:
        self._files = (folder / "tls.crt", folder / "tls.key")
        self._make = make
        self._now = now
        self._on_change = on_change
        self._seen: tuple[bytes, bytes] | None = None
        self.context: ssl.SSLContext | None = None
        self.ends: datetime | None = None
        self.is_self_signed = False
        self.problem: str | None = None

    async def run(self) -> None:
        """Look at the files again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK)
            await self.look()

    async def look(self) -> None:
        """Use what the files hold now; where that is broken, or gone, what was in use stays."""
        try:
            found = self._read()
        except OSError as error:
            await self._go_without(f"{error.filename}: {error.strerror}")
            return
        if found is None:
            await self._go_without(None if self._seen is None else f"{self._names} are gone")
        elif found != self._seen:
            await self._try(*found)

    @property
    def _names(self) -> str:
        return f"{self._files[0]} and {self._files[1].name}"

    def _read(self) -> tuple[bytes, bytes] | None:
        """What the files hold; None where there are none. Raises OSError, where there is one only too."""
        if not any(os.path.lexists(file) for file in self._files):
            return None
        read = [file.read_bytes()[:_LARGEST] for file in self._files]
        return read[0], read[1]

    async def _try(self, pem: bytes, key: bytes) -> None:
        try:
            context, ends = context_of(pem, key), not_after(pem.decode("ascii", "replace"))
        except (ValueError, OSError) as error:
            await self._go_without(f"{self._names} cannot be used: {error}")
            return
        self._seen = (pem, key)
        self._take(context, ends, is_self_signed=False)
        event(_log, logging.INFO, "TLS certificate in use", file=self._files[0], ends=ends)
        if ends <= self._now():
            event(
                _log,
                logging.WARNING,
                "the TLS certificate has ended",
                file=self._files[0],
                ended=ends,
            )

    async def _go_without(self, problem: str | None) -> None:
        """Go on with the last good files, else with a self-signed certificate."""
        if self._seen is None:
            await self._sign()
        if problem != self.problem:
            self.problem = problem
            if problem is not None:
                event(_log, logging.ERROR, "the TLS certificate is not used; another is served",
                      problem=problem, self_signed=self.is_self_signed)  # fmt: skip
            self._on_change(self)

    async def _sign(self) -> None:
        if self.ends is not None and self.ends - self._now() > _RENEW:
            return
        try:
            pem = await self._make()
        except SelfSignedError as error:
            if self.context is None:
                raise
            event(
                _log, logging.ERROR, "the self-signed TLS certificate was not renewed", error=error
            )
            return
        ends = not_after(pem)
        self._take(context_of(pem.encode(), b""), ends, is_self_signed=True)
        event(
            _log,
            logging.INFO,
            "no TLS certificate is mounted; a self-signed one is in use",
            ends=ends,
        )

    def _take(self, context: ssl.SSLContext, ends: datetime, *, is_self_signed: bool) -> None:
        self.context, self.ends, self.is_self_signed = context, ends, is_self_signed
        self.problem = None
        self._on_change(self)


def context_of(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Make a server's context from PEM, TLS 1.2 or later. Raises OSError (ssl.SSLError) and ValueError.

    From the very bytes that were looked at: a kubelet may change the files in between.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # OpenSSL reads files only: one in memory, which nobody else can open.
    descriptor = os.memfd_create("tls")
    try:
        os.write(descriptor, certificate + b"\n" + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)
    finally:
        os.close(descriptor)
    return context


def _no_password() -> str:
    """Instead of a question on a terminal, where there is one."""
    raise ValueError("the key is protected by a password: mount one that is not")
