"""How notes name what another tool's file has: quoted, bounded, and never what may be a token."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from esddns.config.report import shown
from esddns.core import names

_PERHAPS_SECRET = re.compile(r"[A-Za-z0-9_-]{20,}")
_TOKEN_LABEL = re.compile(r"(?=[a-z]*[0-9])[a-z0-9]{24,}", re.IGNORECASE)
_MOST_NAMES = 10  # that a note lists


def seen(text: str) -> str:
    """Quote what was found, but not what may be a token."""
    return "something (not shown, as it may be a token)" if perhaps_secret(text) else shown(text)


def perhaps_secret(text: str) -> bool:
    """Tell whether a part of `text` is of the form of a token."""
    return bool(_PERHAPS_SECRET.search(text))


def label_of(fqdns: Iterable[str]) -> str:
    """Name records in a note, the first of them where they are many."""
    listed = list(islice(fqdns, _MOST_NAMES + 1))
    labels = [_label(fqdn) for fqdn in listed[:_MOST_NAMES]]
    return ", ".join([*labels, "…"] if len(listed) > _MOST_NAMES else labels)


def _label(text: str) -> str:
    try:
        if names.candidate_zones(names.normalise(text)) and not has_token(text):
            return text
    except names.InvalidNameError:
        pass
    return seen(text).strip("'\"").strip() or "''"


def has_token(name: str) -> bool:
    """Tell whether a label of a name has the form of a token."""
    return any(map(_TOKEN_LABEL.fullmatch, name.split(".")))
