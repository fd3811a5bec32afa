"""The short form of one record, from flags, variables or the ConfigMap's keys beside dns.ini."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origins:
    """Where each value of a short form came from, for messages."""

    target_domain: str = "--target-domain"
    record_ttl: str = "--record-ttl"
    detection_interval: str = "--detection-interval"


@dataclass(frozen=True, slots=True)
class ShortForm:
    """What stands outside dns.ini, as text still to be checked; None where it was not given.

    `detection_interval` takes the place of `[detection] interval`; the other two make one record.
    """

    target_domain: str | None = None
    record_ttl: str | None = None
    detection_interval: str | None = None
    origins: Origins = Origins()


NO_SHORT_FORM = ShortForm()
