"""What the reasons of conditions and Events say, in a sentence each: the code has them as words only.

By their names in the code; a test holds that each has its sentence, and no sentence is left over.
"""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "INVALID_SPEC": "The object is not one that can be kept, though the API server took it: a reserved "
    "name, or one older than today's rules. Nothing is done about it.",
    "DELETION_WAITS": "It, or a type that it no longer has, is to be deleted at Gandi, and is not yet.",
    "SUSPENDED": "`suspend` is true: nobody looks at the record.",
    "DOMAIN_NOT_ALLOWED": "No `[namespace:…]` section lets its namespace name this domain.",
    "SERVICE_NOT_ALLOWED": "Outside the operator's namespace it names a Service of another namespace.",
    "CLAIMED": "dns.ini, or an older DNSRecord, keeps this name and type.",
    "CREDENTIAL_MISSING": "There is no token.",
    "CREDENTIAL_REJECTED": "Gandi answered 401: nothing is sent until the token changes.",
    "FORBIDDEN": "Gandi answered 403: nothing is sent for this zone until the token changes, or for an hour.",
    "NO_SUCH_ZONE": "The account has no zone that the name is in.",
    "REJECTED": "Gandi answered 400: it does not take this record.",
    "CONFLICT": "Something stands there that is not ours to replace: several values, or a record that it "
    "cannot stand beside.",
    "CONTESTED": "Another writer put its value back three times within an hour.",
    "DRIFT_REPORTED": "It holds another's value, and `driftPolicy` is `Report`.",
    "RATE_LIMITED": "Gandi answered 429.",
    "UNAVAILABLE": "Gandi answered 5xx, or not at all.",
    "UNEXPECTED": "Something answered as Gandi's API does not.",
    "BACKING_OFF": "Nothing was sent, for what an earlier call came to.",
    "DRY_RUN": "It would be written.",
    "UNDECIDED": "No quorum for two intervals, or the family is not detected. What was published last "
    "stands.",
    "SOURCE_UNKNOWN": "The Service is gone, has no fitting address or may not be read. What was published "
    "last stands.",
    "WAITING": "What it should hold, or how it stands, is not known yet.",
    "PUBLISHED": "Gandi holds what is wanted: it answered 201, or the record was found so.",
}

_AGENTS = "DaemonSet"
_RECORD = "DNSRecord"

# Of which object, and when. Of a record of dns.ini it is told of the DaemonSet.
EVENTS: Mapping[str, tuple[str, str]] = {
    "ADDRESS_CHANGED": (_AGENTS, "A quorum named another address, or the first one."),
    "RECORD_UPDATED": (_RECORD, "Gandi took a write."),
    "RECORD_UPDATE_FAILED": (_RECORD, "Gandi refused a write or a removal, or did not answer."),
    "LEADER_ELECTED": (_AGENTS, "An agent leads from now on."),
    "LEADER_YIELDED": (_AGENTS, "A leader gave up, for its way out is gone."),
    "DETECTION_UNDECIDED": (_AGENTS, "A full round ended without a quorum; nothing is changed."),
    "EGRESS_DIFFERS": (_AGENTS, "A new leader sees another address than the one before had."),
    "FALLBACK_DETECTION": (_AGENTS, "An agent detects by itself: no good cache, or no API server."),
    "DRIFT_REPAIRED": (_RECORD, "Another's value was replaced by ours."),
    "DNS_PATH_DIFFERS": (_RECORD, "Name servers and Gandi disagree for long; Gandi is believed."),
    "CREDENTIAL_REJECTED": (_AGENTS, "Gandi refused the token."),
    "CREDENTIAL_MISSING": (_AGENTS, "There is no token, and it was needed."),
    "RECORD_CONFLICT": (_RECORD, "The record was left alone: a conflict, or drift to report."),
    "CONTESTED": (_RECORD, "Another writer fights for the record, and we gave way."),
    "RECORD_ADOPTED": (_RECORD, "A single value that was not ours was replaced."),
    "RECORD_DELETED": (_RECORD, "The record was deleted at Gandi."),
    "CONFIGURATION_INVALID": (_AGENTS, "The files have a problem; the last good ones stay in use."),
    "CONFIGURATION_LOADED": (_AGENTS, "A changed configuration is in use."),
    "CACHE_WRITE_FAILED": (
        _AGENTS,
        "The ConfigMap esddns-wan-ip could not be written; publishing goes on.",
    ),
}
