"""What the dashboard answers at a glance: a panel, what is scraped every minute, and the value shown."""

from __future__ import annotations

# Seconds: the panels are looked at half a minute before the hour is full.
_LATELY, _LONG_AGO = "3540", "2300"
_SYNC = "esddns:state_in_sync"
_CHECKED = "esddns_last_check_timestamp"
_GOOD, _REJECTED, _MISSING = (
    f"esddns_credential_{name}" for name in ("good_timestamp", "rejected", "missing")
)
_OWN, _UNUSED = "esddns_certificate_self_signed", "esddns_certificate_unused"

Scraped = dict[str, str]

ANSWERS: dict[str, tuple[str, Scraped, float | None]] = {
    "right": ("Is DNS right?", {_SYNC: "1", _CHECKED: _LATELY}, 1),
    "wrong": ("Is DNS right?", {_SYNC: "0", _CHECKED: _LATELY}, 0),
    "right, long ago": ("Is DNS right?", {_SYNC: "1", _CHECKED: _LONG_AGO}, 2),
    "right, long ago for one who looks seldom": (
        "Is DNS right?",
        {_SYNC: "1", _CHECKED: _LONG_AGO, "esddns_detection_interval_seconds": "3600"},
        1,
    ),
    "wrong, since long ago": ("Is DNS right?", {_SYNC: "0", _CHECKED: _LONG_AGO}, 0),
    "not known": ("Is DNS right?", {_CHECKED: _LATELY}, None),
    "token good": ("Token", {_MISSING: "0", _REJECTED: "0", _GOOD: "900"}, 1),
    "token never tried": ("Token", {_MISSING: "0", _REJECTED: "0", _GOOD: "0"}, 0),
    "token refused": ("Token", {_MISSING: "0", _REJECTED: "1", _GOOD: "900"}, 2),
    "no token": ("Token", {_MISSING: "1", _REJECTED: "1", _GOOD: "900"}, 3),
    "all budget left": ("Error budget left", {_SYNC: "1"}, 1),
    # 43.2 minutes of 30 days are allowed.
    "a part of the budget left": ("Error budget left", {_SYNC: "0+0x26 1"}, 1 - 27 / 43.2),
    "certificate mounted": ("Certificate", {_OWN: "0", _UNUSED: "0"}, 0),
    "certificate self-signed": ("Certificate", {_OWN: "1", _UNUSED: "0"}, 1),
    "certificate unusable": ("Certificate", {_OWN: "1", _UNUSED: "1"}, 2),
    "no TLS": ("Certificate", {}, None),
}
