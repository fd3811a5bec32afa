"""Puts the parts together as the configuration says."""

from __future__ import annotations

import functools
import random

from esddns.config.settings import DetectionSettings, DnsCheck, Settings
from esddns.core.address import AcceptPolicy
from esddns.core.model import Family
from esddns.shell.authority import Authority
from esddns.shell.detect import Detector, OnAnswer
from esddns.shell.gandi.client import GandiClient, OnCall
from esddns.shell.gandi.provider import GandiProvider
from esddns.shell.gandi.token import TokenSource
from esddns.shell.heartbeat import Ping, ping
from esddns.shell.seams import Outside
from esddns.shell.sources import make_source


def connect(
    settings: Settings,
    tokens: TokenSource,
    on_call: OnCall = lambda _method, _status, _seconds: None,
    on_answer: OnAnswer = lambda _answer, _seconds: None,
) -> Outside:
    """Build what `settings` ask for; nothing is sent yet."""
    return Outside(
        account=GandiProvider(GandiClient(settings.gandi, tokens, on_call), tokens),
        authority=make_authority(settings),
        detectors=make_detectors(settings.detection, on_answer),
        ping=_make_ping(settings),
    )


def _make_ping(settings: Settings) -> Ping | None:
    """A heartbeat changes what somebody outside believes: no dry run sends one."""
    url = settings.detection.heartbeat_url
    return None if url is None or settings.gandi.dry_run else functools.partial(ping, url)


def make_authority(settings: Settings) -> Authority | None:
    """The name servers to compare with; None where the API is asked each time."""
    if settings.dns.check is DnsCheck.API:
        return None
    return Authority(settings.dns.servers)


def make_detectors(settings: DetectionSettings, on_answer: OnAnswer) -> dict[Family, Detector]:
    """One detector for each family."""
    sources = [make_source(source) for source in settings.sources]
    policy = AcceptPolicy.of(settings.accept_networks)
    return {
        family: Detector(family, sources, settings, policy, on_answer)
        for family in settings.families
    }


def make_rng() -> random.Random:
    """Randomness for jitter: from the system, so that many started at once stay apart."""
    return random.SystemRandom()
