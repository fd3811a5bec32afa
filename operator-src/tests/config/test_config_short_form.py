"""The short form of one record: target-domain, record-ttl, and detection-interval beside it."""

from __future__ import annotations

import pytest

from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError, SourceSettings
from esddns.config.short_form import ShortForm
from esddns.core.model import Record, RRType

Builtin = tuple[SourceSettings, ...]


def problems(text: str, builtin: Builtin, short: ShortForm) -> list[str]:
    """Give the messages about a text and a short form that are rejected."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=builtin, short=short)
    return [str(problem) for problem in caught.value.problems]


def test_the_short_form_is_a_record_of_each_family_behind_the_files(builtin: Builtin) -> None:
    """A target-domain has the families' types and its own TTL; the interval is taken over."""
    text = "[detection]\nfamilies = ipv6, ipv4\n[record:a.esddns.dev]\n"
    short = ShortForm("Home.esddns.dev.", "600", "10")
    settings = parse(text, file="dns.ini", builtin=builtin, short=short)
    assert settings.records == (
        Record("a.esddns.dev", RRType.A),
        Record("home.esddns.dev", RRType.AAAA, 600),
        Record("home.esddns.dev", RRType.A, 600),
    )
    assert settings.detection.interval == 10
    assert settings.detection.probe_interval == 10


def test_problems_of_the_short_form_name_the_flag(builtin: Builtin) -> None:
    """What stands on the command line is not looked for in dns.ini."""
    text = "[record:home.esddns.dev]\n[detection]\ninterval = x\n"
    assert problems(text, builtin, ShortForm("HOME.esddns.dev", "60", "4")) == [
        "dns.ini:3: [detection] interval: found 'x', allowed: 5…86400 (seconds)",
        "--detection-interval: found '4', allowed: 5…86400 (seconds)",
        "--record-ttl: found '60', allowed: 300…2592000 (seconds)",
        (
            "--target-domain: found home.esddns.dev, which has a section [record:home.esddns.dev] "
            "at line 1 of dns.ini too: keep one of the two"
        ),
    ]


def test_a_reserved_target_domain_is_refused(builtin: Builtin) -> None:
    """The short form has no way around the rule on reserved names."""
    assert problems("", builtin, ShortForm("home.example.com")) == [
        (
            "--target-domain: found 'home.example.com': example.com is a reserved domain, so no zone "
            "at Gandi can hold it: write a name of your own"
        )
    ]


def test_a_ttl_needs_a_target_domain(builtin: Builtin) -> None:
    """A TTL for no record would change nothing, which nobody means."""
    assert problems("[record:home.esddns.dev]", builtin, ShortForm(record_ttl="600")) == [
        (
            "--record-ttl: found a TTL without a target-domain: give that too, or write the ttl into "
            "a [record:FQDN] section"
        )
    ]


def test_wrong_families_cause_no_problem_of_the_short_form(builtin: Builtin) -> None:
    """Where the families are wrong, nothing is said of the short form, whose types they would give."""
    text = "[detection]\nfamilies = ipv5\n"
    assert problems(text, builtin, ShortForm("a.esddns.dev")) == [
        "dns.ini:2: [detection] families: found 'ipv5', allowed: ipv4, ipv6"
    ]
