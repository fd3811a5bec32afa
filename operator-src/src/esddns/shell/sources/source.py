"""A source: asked within a deadline, over one family, answering with an address or a SourceError.

The deadline and the wording of what went wrong are here, once; how each protocol asks is in its module.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from esddns.config.settings import DnsTarget, HttpTarget, SourceKind, SourceSettings, Target
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.shell.sources.dns import ask_dns
from esddns.shell.sources.http import ask_http
from esddns.shell.sources.stun import ask_stun
from esddns.shell.sources.words import in_words


class Source(Protocol):
    """One service that says from which address it was asked."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    @property
    def operator(self) -> str:
        """Who runs it: a quorum counts operators."""

    @property
    def kind(self) -> SourceKind:
        """The protocol it is asked over."""

    @property
    def families(self) -> frozenset[Family]:
        """The families it can be asked over."""

    async def ask(self, family: Family, timeout: float) -> IPAddress:  # noqa: ASYNC109  # a total
        """Ask over `family` and give its address, or raise SourceError, within `timeout` seconds."""


def make_source(settings: SourceSettings, tls: ssl.SSLContext | None = None) -> Source:
    """Make a source out of its settings. `tls` replaces the system's certificate authorities."""
    return _NetworkSource(settings, tls)


@dataclass(frozen=True, slots=True)
class _NetworkSource:
    settings: SourceSettings
    tls: ssl.SSLContext | None

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def operator(self) -> str:
        return self.settings.operator

    @property
    def kind(self) -> SourceKind:
        return self.settings.kind

    @property
    def families(self) -> frozenset[Family]:
        return frozenset(self.settings.targets)

    async def ask(self, family: Family, timeout: float) -> IPAddress:  # noqa: ASYNC109  # a total
        target = self.settings.targets.get(family)
        if target is None:
            raise SourceError(FailureReason.UNREACHABLE, f"{self.name} is not asked over {family}")
        async with _answered_within(timeout, _where(target)):
            if isinstance(target, HttpTarget):
                return await ask_http(target, family, self.tls)
            if isinstance(target, DnsTarget):
                return await ask_dns(target, family)
            return await ask_stun(target, family)


def _where(target: Target) -> str:
    if isinstance(target, HttpTarget):
        return target.url
    if isinstance(target, DnsTarget):
        question = f"{target.qname} {target.qclass} {target.qtype}"
        return f"{question} @{target.host} port {target.port}"
    return f"stun:{target.host} port {target.port}"


@asynccontextmanager
async def _answered_within(seconds: float, where: str) -> AsyncIterator[None]:
    """Turn what may go wrong on the way into a SourceError that says where it did."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except SourceError as error:
        raise SourceError(error.reason, f"{where}: {error.detail}") from None
    except TimeoutError:  # the deadline, or the kernel's own on a connection
        message = f"{where}: no answer within {seconds:g} s"
        raise SourceError(FailureReason.TIMEOUT, message) from None
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that no resolver takes
        message = f"{where}: {in_words(error)}"
        raise SourceError(FailureReason.UNREACHABLE, message) from None
