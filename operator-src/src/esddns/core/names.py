"""DNS names: how they are written, which zones may hold them, and which are nobody's to publish."""

from __future__ import annotations

import re

_LONGEST_NAME = 253  # RFC 1035 section 2.3.4: 255 octets on the wire, in text without the final dot
_LONGEST_LABEL = 63

# Letters, digits, hyphen (RFC 952), and the underscore that service names use (RFC 8552).
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")

# RFC 2606, RFC 6761 and RFC 6762: names that no registrar sells, so that Gandi cannot hold their zone.
_RESERVED_DOMAINS = ("example.com", "example.net", "example.org")
_RESERVED_TOP = ("example", "invalid", "local", "localhost", "test")


class InvalidNameError(ValueError):
    """The text is no DNS name; the message says what is wrong, worded to follow the text itself."""


def normalise(text: str, *, wildcard: bool = True) -> str:
    """Give `text` in lower case without its final dot, after checking it label by label.

    A `*` is allowed as the whole first label where `wildcard` is true (RFC 4592). Raises
    InvalidNameError.
    """
    if not text.isascii():
        raise InvalidNameError("is not ASCII: give an international name in its xn-- form")
    name = text.lower().removesuffix(".")
    if not name:
        raise InvalidNameError("is empty, a name like home.example.com is expected")
    if len(name) > _LONGEST_NAME:
        raise InvalidNameError(f"has {len(name)} characters, a name has {_LONGEST_NAME} at most")
    for position, label in enumerate(name.split(".")):
        if label == "*" and position == 0 and wildcard:
            continue
        if problem := _label_problem(label, wildcard=wildcard):
            raise InvalidNameError(problem)
    return name


def _label_problem(label: str, *, wildcard: bool) -> str | None:
    if not label:
        return "has an empty label: two dots in a row, or one in front"
    if "*" in label:
        return (
            "has a * that is not the whole first label" if wildcard else "may not be a wildcard (*)"
        )
    if len(label) > _LONGEST_LABEL:
        return f"has a label of {len(label)} characters, {_LONGEST_LABEL} is the most"
    if not _LABEL.fullmatch(label):
        return "may have only letters, digits, hyphens (not at a label's ends), underscores, dots"
    return None


def candidate_zones(fqdn: str) -> tuple[str, ...]:
    """List the zones that could hold `fqdn` (normalised), longest first, down to two labels.

    The name itself is the first, for it may be an apex; a wildcard cannot be one.
    """
    labels = fqdn.removeprefix("*.").split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - 1))


def relative_name(fqdn: str, zone: str) -> str:
    """Give the name by which `zone` knows `fqdn` (both normalised): `@` for the apex, `home`, `*.sub`.

    Raises ValueError where `fqdn` is not in `zone`.
    """
    if fqdn == zone:
        return "@"
    if not fqdn.endswith(f".{zone}"):
        raise ValueError(f"{fqdn} is not in the zone {zone}")
    return fqdn.removesuffix(f".{zone}")


def is_within(name: str, domain: str) -> bool:
    """Tell whether `name` is `domain` or below it (both normalised)."""
    return name == domain or name.endswith(f".{domain}")


def reserved(name: str) -> str | None:
    """Give the reserved domain that `name` (normalised) belongs to, or None: `example.com`, `.test`."""
    for domain in _RESERVED_DOMAINS:
        if is_within(name, domain):
            return domain
    top = name.rpartition(".")[2]
    return f".{top}" if top in _RESERVED_TOP else None
