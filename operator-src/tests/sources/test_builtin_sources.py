"""The sources that need no configuration."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest

from esddns.config.builtin import BUILTIN
from esddns.config.settings import DnsTarget, HttpTarget, SourceKind, SourceSettings, StunTarget
from esddns.core.model import Family
from esddns.shell.sources import make_source
from sources.asking import failure

NAMES = [settings.name for settings in BUILTIN]


def test_names_are_unique() -> None:
    """A name in dns.ini or in a metric means one source."""
    assert len(set(NAMES)) == len(BUILTIN)


def test_what_is_one_companys_is_said_to_be() -> None:
    """Cloudflare's four and Google's two count once in a quorum."""
    operators = Counter(settings.operator for settings in BUILTIN)
    shared = {operator: count for operator, count in operators.items() if count > 1}
    assert shared == {"Cloudflare": 4, "Google": 2}


@pytest.mark.parametrize("family", Family)
def test_a_quorum_is_possible_in_each_protocol_and_family(family: Family) -> None:
    """Each protocol alone has two operators, so that a network that blocks two of three decides still."""
    for kind in SourceKind:
        operators = {s.operator for s in BUILTIN if s.kind is kind and family in s.targets}
        assert len(operators) >= 2


@pytest.mark.parametrize("settings", BUILTIN, ids=NAMES)
def test_a_source_is_what_its_settings_say(settings: SourceSettings) -> None:
    """Name, operator, kind and families come through."""
    source = make_source(settings)
    assert (source.name, source.operator) == (settings.name, settings.operator)
    assert source.kind is settings.kind
    assert source.families == frozenset(settings.targets)


@pytest.mark.parametrize("settings", BUILTIN, ids=NAMES)
def test_targets_fit_their_kind_and_family(settings: SourceSettings) -> None:
    """The web is asked over https; A and AAAA are asked for in their own family."""
    for family, target in settings.targets.items():
        if isinstance(target, HttpTarget):
            assert settings.kind is SourceKind.HTTP
            assert urlsplit(target.url).scheme == "https"
        elif isinstance(target, DnsTarget):
            assert settings.kind is SourceKind.DNS
            assert target.qtype in {"TXT", family.rrtype.value}
            assert target.qclass in {"IN", "CH"}
        else:
            assert isinstance(target, StunTarget)
            assert settings.kind is SourceKind.STUN


async def test_a_family_it_does_not_serve_is_an_error_not_a_guess() -> None:
    """Amazon has no IPv6: asking for it is a SourceError that names the source."""
    (amazon,) = (settings for settings in BUILTIN if settings.name == "amazon")
    _, detail = await failure(make_source(amazon), Family.IPV6)
    assert "amazon" in detail
