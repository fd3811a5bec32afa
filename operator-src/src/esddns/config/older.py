"""The dns.ini of esddns before version 1: recognised, so that one message says what to do."""

from __future__ import annotations

from esddns.config.ini import Section
from esddns.config.report import Report

# Sections and the telling keys of [gandi] in that format (sqe/esddns, dns.ini).
_SECTIONS = frozenset({"wanipstate", "stunconfig", "esddns", "log"})
_TELLING = frozenset({"wanipstate", "stunconfig", "esddns"})
_GANDI_KEYS = frozenset({"api_key", "api_url_base", "api_url_domains", "target_domain_fqdn"})
_GANDI_PREFIXES = ("api_", "msg_", "record_", "target_domain_")

_MESSAGE = (
    "this is the older esddns format. Write instead: [gandi] api_key → the token in a file that "
    "token-file names, or in the variable GANDI_API_KEY (auth = apikey for a legacy key); "
    "api_url_base and the other api_url_… → url; target_domain_fqdn and record_name_root → "
    "a section [record:FQDN], record_ttl → its ttl, record_type_a → its types; [WANIPState] and "
    "[STUNConfig] → [detection] sources, with [source:NAME] for more than the built-in ones; "
    "[ESDDNS] daemon_thread_interval → [detection] interval; drop the msg_… keys and [log]; or let "
    "`esddns import FILE` write it"
)


def report_older_format(sections: tuple[Section, ...], report: Report) -> bool:
    """Report the older format once, at the first sign of it; tell whether it was found."""
    for section in sections:
        if section.name.lower() in _TELLING:
            report.add(section.name, None, section.line, _MESSAGE)
            return True
        for entry in section.entries:
            if section.name == "gandi" and entry.key in _GANDI_KEYS:
                report.add(section.name, entry.key, entry.line, _MESSAGE)
                return True
    return False


def is_older_section(name: str) -> bool:
    """Tell whether a section belongs to the older format."""
    return name.lower() in _SECTIONS


def is_older_key(section: str, key: str) -> bool:
    """Tell whether a key belongs to the older format's [gandi]."""
    return section == "gandi" and key.startswith(_GANDI_PREFIXES)
