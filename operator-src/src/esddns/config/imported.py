"""What another tool's file comes to: records, settings, and a note on all that could not be carried over.

A reader of one format gives candidates as they stand in the file; what is made of them here is what dns.ini
can say. A note never has the value of a secret: what readers found to be one is taken out of every note, and
a name that holds one makes no record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv6Address

from esddns.config import values
from esddns.config.imported_words import has_token, label_of, seen
from esddns.config.report import Report
from esddns.config.settings import GANDI_URL, AuthScheme, ConfigurationError, is_gandi
from esddns.config.values import BadValueError
from esddns.core import names
from esddns.core.model import Family, RRType

TTL_LOW, TTL_HIGH = 300, 2592000  # what Gandi takes, in seconds
_INTERVAL_LOW, _INTERVAL_HIGH = 5, 86400  # what dns.ini takes, in seconds
_SHORTEST_SECRET = 8  # characters; what is shorter is a word that notes may need
_NOT_SHOWN = "(not shown)"

_LEGACY_KEY = (
    "a legacy API key: carried over as auth = apikey. Gandi deprecated those on 2023-08-31: make a personal "
    "access token that may manage the domain, and leave the line out"
)
_OTHER_ACCOUNT = (
    "not carried over, as it has another token or API than the records before it, and dns.ini has one of "
    "each: add it by hand where one personal access token may manage both domains, else run a second esddns "
    "for it"
)
_AAAA = (
    "IPv6 has usually no NAT: what is published is the address of the machine that esddns runs on. On a "
    "cluster that changes with the leader, so that there this file is refused until [detection] has "
    "ipv6-suffix = ::…, or nat66 = true; or use a DNSRecord with source.type: Service"
)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a person has to know: `what` names the key or the record, `line` where that is known."""

    line: int | None
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Account:
    """Which API a record is written at, and with which token."""

    auth: AuthScheme
    secret: str = field(repr=False)
    url: str = GANDI_URL


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record as a file has it: texts still to be checked; `ttl` in seconds, None where it has none."""

    line: int | None
    what: str
    fqdn: str
    zone: str | None
    types: tuple[RRType, ...]
    ttl: int | None
    account: Account
    ipv6_suffix: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class ImportedRecord:
    """One name to keep; what is None is left to the default."""

    fqdn: str
    zone: str | None
    types: tuple[RRType, ...]
    ttl: int | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was carried over, in the file's order, and what was not; `interval` in seconds."""

    records: tuple[ImportedRecord, ...]
    account: Account
    interval: int | None
    ipv6_suffix: IPv6Address | None
    notes: tuple[Note, ...]

    @property
    def families(self) -> tuple[Family, ...]:
        """The address families that the records need."""
        types = {rrtype for record in self.records for rrtype in record.types}
        return tuple(family for family in Family if family.rrtype in types)


class Importing:
    """Gathers candidates and notes of one file."""

    def __init__(self) -> None:
        self._candidates: list[Candidate] = []
        self._notes: dict[Note, None] = {}
        self._secrets: dict[str, set[str]] = {}  # by how they begin
        self._interval: int | None = None

    def note(self, line: int | None, what: str, message: str) -> None:
        """Note something once."""
        self._notes.setdefault(Note(line, what, message))

    def secret(self, text: str) -> None:
        """Remember what no note may show, as it is and as `ascii` writes it."""
        for form in {text.lower(), ascii(text)[1:-1].lower()}:
            if len(form) >= _SHORTEST_SECRET:
                self._secrets.setdefault(form[:_SHORTEST_SECRET], set()).add(form)

    def add(self, candidate: Candidate) -> None:
        """Note a record that the file asks for."""
        self._candidates.append(candidate)

    def interval(self, line: int | None, what: str, seconds: int) -> None:
        """Note the time between two looks at the address; the first counts."""
        if self._interval is None:
            self._interval = min(max(seconds, _INTERVAL_LOW), _INTERVAL_HIGH)
            if self._interval != seconds:
                allowed = f"allowed: {_INTERVAL_LOW}…{_INTERVAL_HIGH}"
                self.note(
                    line, what, f"found {seconds} seconds, {allowed}: {self._interval} written"
                )

    def finish(self) -> Imported:
        """Make of it what dns.ini can say."""
        records: dict[str, ImportedRecord] = {}
        accounts: list[Account] = []
        suffixes: list[IPv6Address | None] = []
        for candidate in self._candidates:
            accounts = accounts or [candidate.account]
            if candidate.account != accounts[0]:
                self.note(candidate.line, candidate.what, _OTHER_ACCOUNT)
            elif record := self._record(candidate, suffixes):
                self._merge(candidate, record, records)
        account = accounts[0] if accounts else Account(AuthScheme.BEARER, "")
        types = {rrtype for record in records.values() for rrtype in record.types}
        suffix = suffixes[0] if suffixes and RRType.AAAA in types else None
        if without := [record.fqdn for record in records.values() if record.ttl is None]:
            default = "300 s here, where Gandi's own default is 10800 s"
            self.note(None, "ttl", f"none for {label_of(without)}: {default}")
        if records and account.auth is AuthScheme.APIKEY:
            self.note(None, "[gandi] auth", _LEGACY_KEY)
        if RRType.AAAA in types and suffix is None:
            self.note(None, "AAAA", _AAAA)
        ordered = sorted(self._notes, key=lambda n: (n.line is None, n.line or 0))
        notes = tuple(Note(n.line, self._hide(n.what), self._hide(n.message)) for n in ordered)
        return Imported(tuple(records.values()), account, self._interval, suffix, notes)

    def _record(
        self, candidate: Candidate, suffixes: list[IPv6Address | None]
    ) -> ImportedRecord | None:
        """Check one record; None where it cannot be carried over, and that was noted."""
        line, what = candidate.line, candidate.what
        try:
            fqdn = self._name(candidate.fqdn, candidate.account)
            zone = self._zone(candidate, fqdn)
        except BadValueError as error:
            self.note(line, what, f"not carried over: {error.reason}")
            return None
        types = candidate.types
        if RRType.AAAA in types:
            if suffixes and suffixes[0] != candidate.ipv6_suffix:
                self.note(
                    line,
                    what,
                    "AAAA is not carried over, as it has another IPv6 suffix than the records before it, "
                    "and dns.ini has one for all: run a second esddns for it",
                )
                types = tuple(rrtype for rrtype in types if rrtype is not RRType.AAAA)
            elif not suffixes:
                suffixes.append(candidate.ipv6_suffix)
        if not types:
            self.note(line, what, "not carried over: no type is left of it")
            return None
        return ImportedRecord(fqdn, zone, types, self._ttl(candidate))

    def _name(self, text: str, account: Account) -> str:
        # A token that was put where a host belongs must come neither into the output nor into DNS.
        if self._has_secret(text) or has_token(text):
            raise BadValueError("a part of its name (not shown) is a token, or has the form of one")
        try:
            fqdn = names.normalise(text)
        except names.InvalidNameError as error:
            raise BadValueError(f"found {seen(text)}: the name {error}") from None
        if not names.candidate_zones(fqdn):
            raise BadValueError(
                f"found {seen(text)}: no zone can hold it, a name like home.example.com is expected"
            )
        if is_gandi(account.url) and (domain := names.reserved(fqdn)):
            reason = f"{domain} is a reserved domain, so no zone at Gandi can hold it"
            raise BadValueError(f"found {fqdn}: {reason}: write a name of your own")
        return fqdn

    def _zone(self, candidate: Candidate, fqdn: str) -> str | None:
        if not candidate.zone:
            return None
        try:
            zone = names.normalise(candidate.zone, wildcard=False)
        except names.InvalidNameError as error:
            raise BadValueError(
                f"found the zone {seen(candidate.zone)}: the name {error}"
            ) from None
        if zone not in names.candidate_zones(fqdn):
            raise BadValueError(f"{fqdn} is not in the zone {zone}: mend one of the two")
        return zone

    def _ttl(self, candidate: Candidate) -> int | None:
        found = candidate.ttl
        if found is None:
            return None
        ttl = min(max(found, TTL_LOW), TTL_HIGH)
        if ttl != found:
            message = f"found a TTL of {found} s, Gandi takes {TTL_LOW}…{TTL_HIGH}: {ttl} written"
            self.note(candidate.line, candidate.what, message)
        return ttl

    def _merge(
        self, candidate: Candidate, record: ImportedRecord, records: dict[str, ImportedRecord]
    ) -> None:
        """Add a record, or its types to the one of the same name, whose other values stand."""
        first = records.setdefault(record.fqdn, record)
        if first is record:
            return
        if (first.ttl, first.zone) != (record.ttl, record.zone):
            message = (
                f"{record.fqdn} stands in the file before, with another TTL or zone: that stands"
            )
            self.note(candidate.line, candidate.what, message)
        types = tuple(t for t in RRType if t in {*first.types, *record.types})
        records[record.fqdn] = ImportedRecord(first.fqdn, first.zone, types, first.ttl)

    def _has_secret(self, text: str) -> bool:
        return self._hide(text) != text

    def _hide(self, text: str) -> str:
        """Take every secret out, in whatever case it is."""
        if not self._secrets:
            return text
        lowered, parts, at = text.lower(), [], 0
        while at < len(text):
            here = self._secrets.get(lowered[at : at + _SHORTEST_SECRET], ())
            found = max((s for s in here if lowered.startswith(s, at)), key=len, default="")
            parts.append(_NOT_SHOWN if found else text[at])
            at += len(found) or 1
        return "".join(parts)


def refusal(report: Report, line: int | None, message: str) -> ConfigurationError:
    """Make the error that ends an import: the file is none of its tool."""
    report.add("", None, line, message)
    return ConfigurationError(report.problems)


def interface_suffix(text: str) -> IPv6Address:
    """Read an IPv6 suffix, with `/64` behind it or without. Raises BadValueError."""
    address, _, bits = text.strip().partition("/")
    if bits not in {"", "64"}:
        raise BadValueError
    return values.interface_suffix(address)
