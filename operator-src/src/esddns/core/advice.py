"""What a person should do about it: for each word that says why a record, or the site, is not well.

What is to be typed stands between backticks.
"""

from __future__ import annotations

from collections.abc import Mapping

from esddns.core.dnsrecord_standing import Reason

_RENEW = (
    "Make a personal access token at Gandi (Organizations → your organisation → Personal Access Tokens) that "
    "may manage this domain's technical configuration, and put it into the Secret "
    "`esddns-gandi-credentials`, key `api-key`. The agents take it within two minutes, without a restart."
)
_BY_ITSELF = "Nothing has to be done: it is tried again by itself. "

ADVICE: Mapping[Reason, str] = {
    Reason.INVALID_SPEC: "Correct the DNSRecord as the message says, in Git.",
    Reason.DELETION_WAITS: (
        "The object stays until the record is deleted at Gandi. Mend what the message names, or let the "
        "object go and leave the record there with the annotation `esddns.io/release=true`."
    ),
    Reason.SUSPENDED: "It is left alone on purpose: set `spec.suspend` to false to have it kept again.",
    Reason.DOMAIN_NOT_ALLOWED: (
        "Add the domain to the allow-list of that namespace, or create the DNSRecord in esddns's own."
    ),
    Reason.SERVICE_NOT_ALLOWED: "Create the DNSRecord in the namespace of its Service.",
    Reason.CLAIMED: "Two want the same record: delete one of them. The one that is named keeps it.",
    Reason.CREDENTIAL_MISSING: f"There is no token for Gandi. {_RENEW}",
    Reason.CREDENTIAL_REJECTED: f"Gandi refused the token: it has expired or was withdrawn. {_RENEW}",
    Reason.FORBIDDEN: f"The token may not change this zone. {_RENEW}",
    Reason.NO_SUCH_ZONE: (
        "The domain is not in the Gandi account of this token, or does not use LiveDNS. Check the name for "
        "a typing error, and at Gandi that the domain's name servers are LiveDNS."
    ),
    Reason.REJECTED: "Gandi calls this record wrong. Correct what the message names.",
    Reason.CONFLICT: (
        "The record holds what esddns did not write, so it is left alone. Delete at Gandi what is not "
        "wanted; several values, but no CNAME, are replaced with `overwrite: true`."
    ),
    Reason.CONTESTED: (
        "Another program writes the same record, and esddns gave way. Find it (a router's dynamic DNS, "
        "another cluster, a script) and stop it: esddns goes on within the hour."
    ),
    Reason.DRIFT_REPORTED: (
        "Somebody changed the record, and with `driftPolicy: Report` it is left so. Change it back at Gandi, "
        "or set `driftPolicy: Repair`."
    ),
    Reason.RATE_LIMITED: f"{_BY_ITSELF}Gandi takes 1000 requests a minute from one address.",
    Reason.UNAVAILABLE: f"{_BY_ITSELF}If it lasts, look at status.gandi.net and at the way out of the site.",
    Reason.UNEXPECTED: (
        "Something else than Gandi's API answered. Check the `url` in `[gandi]` of dns.ini, and whether a "
        "proxy stands in the way."
    ),
    Reason.BACKING_OFF: f"{_BY_ITSELF}",
    Reason.DRY_RUN: "Nothing is written, for `dry-run` is set. Take it away to have the record written.",
    Reason.UNDECIDED: (
        "Too few independent sources agree on the address, so nothing is changed and the last good address "
        "stands. If it lasts, check that this site reaches the sources (DNS, HTTPS, STUN), or choose others "
        "in `[detection]` of dns.ini."
    ),
    Reason.SOURCE_UNKNOWN: (
        "The Service is gone or has no address, so the last value stands. Check it with "
        "`kubectl get service`."
    ),
    Reason.WAITING: "Nothing has to be done: it will be looked at shortly.",
}


def advice_for(reason: Reason | None) -> str:
    """What to do about it; empty where there is no word for it, or nothing to do."""
    return ADVICE.get(reason, "") if reason else ""


NOTHING_KNOWN = (
    "No agent has answered yet. Check that they run: "
    "`kubectl -n esddns get pods -l app=esddns-operator`"
)
STALE = (
    "Check that the agents run, and that this service may reach them on port 8080: "
    "`kubectl -n esddns get pods -l app=esddns-operator`"
)
NO_LEADER = (
    "No agent leads, so nobody follows the address. Look at why none can: "
    "`kubectl -n esddns logs -l app=esddns-operator --tail=50` and "
    "`kubectl -n esddns get lease`"
)
NO_RECORDS = "Create a DNSRecord, or set `target-domain` in the ConfigMap `esddns-config`."
