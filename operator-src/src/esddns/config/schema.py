"""Every key of dns.ini in one table: the parser checks keys against it, the manual is written from it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

SOURCE_PREFIX = "source:"
RECORD_PREFIX = "record:"
NAMESPACE_PREFIX = "namespace:"
SOURCE = "source:NAME"
RECORD = "record:FQDN"
NAMESPACE = "namespace:NAME"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, described for people.

    `default` is what a file would say; empty where there is none. `unit` is empty for what has none.
    `optional`: an empty value means the default. `many`: a list, which may go on over several lines.
    `required`: the section is wrong without it. `secretive`: people put a token here by mistake, so that
    no message repeats the value.
    """

    section: str
    name: str
    default: str
    allowed: str
    meaning: str
    unit: str = ""
    optional: bool = False
    many: bool = False
    required: bool = False
    secretive: bool = False

    @property
    def range(self) -> str:
        """The allowed values with their unit: `5…86400 (seconds)`."""
        return f"{self.allowed} ({self.unit})" if self.unit else self.allowed


KEYS: tuple[Key, ...] = (
    Key(
        "gandi",
        "url",
        "https://api.gandi.net/v5/livedns",
        "an http or https URL without user, query or fragment",
        "Where the LiveDNS API is.",
    ),
    Key(
        "gandi",
        "auth",
        "bearer",
        "bearer, apikey",
        "How the token is sent: a personal access token, or a legacy API key.",
        secretive=True,
    ),
    Key(
        "gandi",
        "token-file",
        "/etc/esddns/api-key",
        "a path, relative to the folder of dns.ini",
        "The file that holds the token, read again when it changes. The variable GANDI_API_KEY "
        "gives the token itself instead.",
        secretive=True,
    ),
    Key(
        "gandi",
        "timeout",
        "10",
        "1…60",
        "How long one read of the API may take; a write always has 4 s.",
        "seconds",
    ),
    Key(
        "gandi",
        "credential-check",
        "21600",
        "1…604800",
        "Time between authenticated reads in the steady state, which find a dead token early.",
        "seconds",
    ),
    Key(
        "gandi",
        "token-expires",
        "",
        "a date like 2027-03-01",
        "The day on which the token ends, as Gandi shows it: a metric and an alert go by it, nothing else.",
        optional=True,
    ),
    Key(
        "gandi",
        "dry-run",
        "false",
        "true, false",
        "Send nothing that changes anything, anywhere.",
    ),
    Key("detection", "interval", "300", "5…86400", "Time between full rounds.", "seconds"),
    Key(
        "detection",
        "probe-interval",
        "30",
        "1…interval, or 0 for none",
        "Time between cheap probes, each of one source in turn. Where interval is below 30, the default is "
        "interval.",
        "seconds",
    ),
    Key(
        "detection",
        "quorum",
        "2",
        "1…16",
        "How many different operators must name the same address. Another address than the current one needs "
        "one of them to be asked over HTTPS, where there are such sources.",
    ),
    Key(
        "detection",
        "families",
        "ipv4",
        "ipv4, ipv6",
        "The address families that are detected.",
        many=True,
    ),
    Key(
        "detection",
        "ipv6-suffix",
        "",
        "an IPv6 address whose first 64 bits are zero, like ::1234:5678",
        "The fixed interface identifier that is put behind the detected /64, so that an AAAA record names "
        "the same machine, whichever one detects.",
        optional=True,
    ),
    Key(
        "detection",
        "nat66",
        "false",
        "true, false",
        "All nodes of a cluster have one IPv6 address on their way out, which is published as it is.",
    ),
    Key(
        "detection",
        "accept-networks",
        "",
        "networks like 192.0.2.0/24, 2001:db8::/32",
        "When given, addresses in these networks are accepted, whatever their kind, and no others. When not, "
        "every public unicast address that is no proxy's.",
        optional=True,
        many=True,
    ),
    Key(
        "detection",
        "sources",
        "",
        "names of built-in sources and of [source:NAME] sections",
        "The sources that are asked; when not given, every built-in and every [source:NAME].",
        optional=True,
        many=True,
    ),
    Key("detection", "timeout", "3", "1…60", "How long one source may take to answer.", "seconds"),
    Key(
        "detection",
        "heartbeat-url",
        "",
        "an http or https URL",
        "Asked for by a GET after each full round that decided, while every record that is kept is as it "
        "should be: somebody outside who misses it raises the alarm. The base's NetworkPolicy lets agents "
        "out to TCP port 443.",
        optional=True,
        secretive=True,
    ),
    Key(
        SOURCE,
        "operator",
        "",
        "a name",
        "Who runs the source: the sources of one operator count once.",
        required=True,
    ),
    Key(SOURCE, "kind", "", "http, dns, stun", "How the source is asked.", required=True),
    Key(
        SOURCE,
        "ipv4",
        "",
        "http: URL; dns: SERVER[:PORT] QNAME QTYPE [QCLASS]; stun: HOST[:PORT]",
        "What is asked for the IPv4 address.",
    ),
    Key(
        SOURCE,
        "ipv6",
        "",
        "http: URL; dns: SERVER[:PORT] QNAME QTYPE [QCLASS]; stun: HOST[:PORT]",
        "What is asked for the IPv6 address.",
    ),
    Key(
        "dns",
        "check",
        "authoritative",
        "authoritative, api",
        "What is compared in the steady state: the zone's name servers, or a GET at Gandi.",
    ),
    Key(
        "dns",
        "servers",
        "",
        "a list of HOST[:PORT]",
        "Name servers to ask instead of the zone's own. They must answer with authority (the AA bit).",
        optional=True,
        many=True,
    ),
    Key(
        "cluster",
        "yield-pause",
        "300",
        "10…3600",
        "Shortest time between two leaders that give up because their way out is gone. It doubles each "
        "time, up to an hour, and begins anew when work is good.",
        "seconds",
    ),
    Key(
        RECORD,
        "zone",
        "",
        "the name itself or a domain above it",
        "The zone; when not given, Gandi is asked for the longest that the account has.",
        optional=True,
    ),
    Key(RECORD, "types", "A", "A, AAAA", "The record types to keep.", many=True),
    Key(RECORD, "ttl", "300", "300…2592000", "The record's time to live.", "seconds"),
    Key(
        RECORD,
        "overwrite",
        "false",
        "true, false",
        "Replace several values that others wrote, instead of reporting a conflict.",
    ),
    Key(
        RECORD,
        "drift",
        "repair",
        "repair, report",
        "What to do about a value in DNS that is not the one we published.",
    ),
    Key(
        NAMESPACE,
        "domains",
        "",
        "a list of domains",
        "The domains that DNSRecords of this namespace may name, with all below them. Those of the "
        "operator's own namespace may name any.",
        required=True,
        many=True,
    ),
)

# What people write who look for the key of the token itself.
_TOKEN_KEYS = frozenset({"api-key", "apikey", "key", "password", "pat", "secret", "token"})

# The sections in the order of the table.
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(key.section for key in KEYS))


def section_kind(name: str) -> str | None:
    """Give a section's name as the table has it, or None for a section that there is not."""
    if name.startswith(SOURCE_PREFIX):
        return SOURCE
    if name.startswith(RECORD_PREFIX):
        return RECORD
    if name.startswith(NAMESPACE_PREFIX):
        return NAMESPACE
    return name if name in SECTIONS else None


def keys_of(kind: str) -> tuple[Key, ...]:
    """List the keys of a section."""
    return tuple(key for key in KEYS if key.section == kind)


def key_of(kind: str, name: str) -> Key:
    """Find a key that the table has; KeyError is a mistake of the program, not of its user."""
    for key in KEYS:
        if (key.section, key.name) == (kind, name):
            return key
    raise KeyError(f"[{kind}] {name}")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Word the nearest of `names` as a question to put behind a message, or nothing."""
    near = difflib.get_close_matches(word.lower().replace("_", "-"), tuple(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def unknown_section(name: str) -> str:
    """Word the message about a section that there is not."""
    allowed = ", ".join(f"[{section}]" for section in SECTIONS)
    bare = [section.partition(":")[0] for section in SECTIONS]
    near = difflib.get_close_matches(name.lower().partition(":")[0], bare, n=1)
    meant = f"; did you mean [{SECTIONS[bare.index(near[0])]}]?" if near else ""
    return f"unknown section, allowed: {allowed}{meant}"


def unknown_key(kind: str, name: str) -> str:
    """Word the message about a key that its section has not. Its value is not repeated."""
    names = [key.name for key in keys_of(kind)]
    if kind == "gandi" and name.replace("_", "-") in _TOKEN_KEYS:
        return (
            "unknown key: the token is not written into this file, but into one that token-file "
            "names, or into the variable GANDI_API_KEY"
        )
    meant = did_you_mean(name, names)
    elsewhere = [key.section for key in KEYS if key.name == name]
    if not meant and elsewhere:
        meant = f"; {name} is a key of [{elsewhere[0]}]"
    return f"unknown key, allowed: {', '.join(names)}{meant}"
