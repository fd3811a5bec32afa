"""What Prometheus is told. Every label's set is bounded: by the configuration or by an enum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)

from esddns import __version__
from esddns.config.settings import Settings
from esddns.core.decide import Decision, Status, Undecided
from esddns.core.errors import ErrorReason
from esddns.core.model import Answer, Failure, Family, IPAddress, Record
from esddns.core.outcome import Outcome
from esddns.core.plan import LEFT_ALONE
from esddns.core.state import RecordState, State

# A `_created` series beside each counter doubles what is scraped, and no alert asks when one began.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Why leadership is given up: no source answers, or Gandi cannot be reached.
YIELDS = ("sources", "gandi")

# Who may write: `esddns run`, the holder of the Lease, an agent that is alone.
MODES = ("run", "leader", "solo")

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CONVERGENCE = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)


class Metrics:
    """All metrics of one process, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        by_record = ["record", "type"]

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=self.registry)

        Info("esddns_build", "Version of the program", registry=self.registry).info(
            {"version": __version__}
        )
        self._updates = counter("esddns_dns_updates_total", "Writes that Gandi took", *by_record)
        self._update_failures = counter(
            "esddns_dns_update_failures_total",
            "Passes over a record that the provider refused or failed",
            *by_record,
            "reason",
        )
        self._last_update = gauge(
            "esddns_last_dns_update_timestamp", "Unix time of the last 201", *by_record
        )
        self._wan_ip = gauge(
            "esddns_current_wan_ip_info", "The address now (value 1)", "family", "ip"
        )
        self._in_sync = gauge(
            "esddns_state_in_sync", "Whether DNS holds what it should (0/1)", *by_record
        )
        self._contested = gauge(
            "esddns_record_contested", "Another writer fights over it (0/1)", *by_record
        )
        self._left_alone = gauge(
            "esddns_record_left_alone", "Not ours to write: conflict or report (0/1)", *by_record
        )
        self._path_differs = gauge(
            "esddns_dns_path_differs", "DNS shows something else than the API (0/1)", *by_record
        )
        self._drift = counter("esddns_drift_repaired_total", "Drift repaired", *by_record)
        self._publishes = counter("esddns_publishes_total", "Writes, by who may write", "mode")
        self._rounds = counter(
            "esddns_detection_rounds_total", "Full rounds by outcome", "family", "outcome"
        )
        self._probes = counter(
            "esddns_detection_probes_total", "Probes by outcome", "family", "outcome"
        )
        self._answers = counter(
            "esddns_source_answers_total", "Questions to sources", "operator", "outcome"
        )
        self._source_seconds = Histogram(
            "esddns_source_duration_seconds",
            "Time that a source took",
            ["operator"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._requests = counter(
            "esddns_gandi_requests_total", "Requests to Gandi", "method", "status"
        )
        self._request_seconds = Histogram(
            "esddns_gandi_request_duration_seconds",
            "Time that Gandi took",
            ["method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._convergence = Histogram(
            "esddns_convergence_seconds",
            "Time from the decision on an address to DNS showing it",
            buckets=_CONVERGENCE,
            registry=self.registry,
        )
        self.fallbacks = counter(
            "esddns_fallback_detections_total", "Detections without the leader", "reason"
        )
        self.stale_caches = counter(
            "esddns_stale_cache_warnings_total", "Times the cache was of no use", "reason"
        )
        self.credential_good = gauge(
            "esddns_credential_good_timestamp", "Unix time when Gandi last took the token"
        )
        self.credential_rejected = gauge(
            "esddns_credential_rejected", "The token is missing or refused (0/1)"
        )
        self.credential_missing = gauge(
            "esddns_credential_missing", "There is no token to send (0/1; looked at when scraped)"
        )
        self._credential_expires = Gauge(
            "esddns_credential_expiry_timestamp",
            "Unix time at which the token ends, where token-expires is given",
            registry=None,
        )
        self._shows_expiry = False
        self._interval = gauge(
            "esddns_detection_interval_seconds", "Time between full rounds, as configured"
        )
        self._credential_check = gauge(
            "esddns_credential_check_interval_seconds",
            "Time between tries of the token, as configured",
        )
        self.last_check = gauge(
            "esddns_last_check_timestamp",
            "Unix time of the last full round that decided",
            "family",
        )
        self.last_attempt = gauge(
            "esddns_last_attempt_timestamp", "Unix time of the last full round", "family"
        )
        self.config_valid = gauge(
            "esddns_config_valid", "Whether the configuration read last is in use (0/1)"
        )
        self.config_valid.set(1)
        self.cache_reads = counter(
            "esddns_configmap_reads_total", "Times the cache was read", "result"
        )
        self.leads = gauge("esddns_leader", "Whether this agent leads (0/1)")
        self.leader_changes = counter(
            "esddns_leader_changes_total", "Changes of the leader that this agent saw"
        )
        self.yields = counter(
            "esddns_leader_yields_total", "Times this agent gave leadership up", "reason"
        )
        # Of the leader only: what stands there by an earlier one is nobody's.
        self.load_balancer = gauge(
            "esddns_load_balancer_address_present",
            "Whether the Service has a load balancer address (0/1; the leader only)",
            "service",
        )
        self.agents = gauge("esddns_agents", "Agents of the DaemonSet (the leader only)", "state")
        self._heartbeats = counter(
            "esddns_heartbeats_total", "GETs of heartbeat-url, where it is given", "outcome"
        )
        self.loop_blocked = counter(
            "esddns_event_loop_blocked_seconds_total",
            "Seconds that the event loop could not run when it should",
        )
        self._records: set[tuple[str, str]] = set()
        self._families = frozenset(Family)
        self._shown: dict[Family, str] = {}
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Have the series whose labels are known: without a first 0 the first event would be no increase."""
        for result in ("success", "failure"):
            self.cache_reads.labels(result)
        for reason in YIELDS:
            self.yields.labels(reason)
        for mode in MODES:
            self._publishes.labels(mode)
        for reason in ("stale", "unreadable"):
            self.stale_caches.labels(reason)
        for reason in ("solo", "stale", "unreadable"):
            self.fallbacks.labels(reason)
        for family in Family:
            for outcome in (Status.DECIDED, Status.UNCHANGED, *Undecided):
                self._rounds.labels(family, outcome)

    def records(self, records: Sequence[Record], state: State) -> None:
        """Have a series for each record from the start, and none for one that is gone.

        `state` is what is remembered, by this process or another: its addresses stand until others are
        decided.
        """
        for address_family, known in state.addresses.items():
            self.address(address_family, known.address)
        gone = self._records - {(record.fqdn, str(record.type)) for record in records}
        self._records = {(record.fqdn, str(record.type)) for record in records}
        shown = (self._in_sync, self._contested, self._left_alone, self._path_differs)
        counted = (self._updates, self._update_failures, self._drift, self._last_update)
        for series in (*counted, *shown):
            for fqdn, rrtype in gone:
                series.remove_by_labels({"record": fqdn, "type": rrtype})
        for record in records:
            known_of = state.records.get(record.key, RecordState())
            if (wrote := known_of.last_write) is not None:
                self._last_update.labels(record.fqdn, record.type).set(wrote.at.timestamp())
            for series in (self._updates, self._drift, *shown):
                series.labels(record.fqdn, record.type)  # 0 where it is new, as it was where not
            in_sync = known_of.in_sync_since is not None
            self._in_sync.labels(record.fqdn, record.type).set(in_sync)

    def configured(self, settings: Settings) -> None:
        """Show what alerts have to know of the configuration in use.

        Of a family that it does not have nothing is shown: no round would ever bring that up to date.
        """
        self._families = frozenset(settings.detection.families)
        for family in frozenset(Family) - self._families:
            for series in (self.last_check, self.last_attempt, self._wan_ip):
                series.remove_by_labels({"family": family})
            self._shown.pop(family, None)
        self._interval.set(settings.detection.interval)
        self._credential_check.set(settings.gandi.credential_check)
        # It ends somewhen on that day: from its beginning on it is not to be relied on.
        day = settings.gandi.token_expires
        if self._shows_expiry:
            self.registry.unregister(self._credential_expires)
        if day is not None:
            began = datetime(day.year, day.month, day.day, tzinfo=UTC)
            self._credential_expires.set(began.timestamp())
            self.registry.register(self._credential_expires)
        self._shows_expiry = day is not None

    def end_of_term(self) -> None:
        """Take back what only a leader knows."""
        self.load_balancer.clear()
        self.agents.clear()
        self.credential_rejected.set(0)
        for fqdn, rrtype in self._records:
            for series in (self._contested, self._left_alone, self._path_differs):
                series.labels(fqdn, rrtype).set(0)

    def address(self, family: Family, address: IPAddress) -> None:
        """Show the address; the series of the one before goes."""
        before = self._shown.get(family)
        if before == str(address) or family not in self._families:
            return
        if before is not None:
            self._wan_ip.remove(family, before)
        self._shown[family] = str(address)
        self._wan_ip.labels(family, str(address)).set(1)

    def round(self, family: Family, decision: Decision, at: float) -> None:
        """Count a full round. `at`: Unix time."""
        self._rounds.labels(family, decision.why or decision.status).inc()
        if family not in self._families:  # one that began before the configuration changed
            return
        self.last_attempt.labels(family).set(at)
        if decision.status is not Status.UNDECIDED:
            self.last_check.labels(family).set(at)

    def probe(self, family: Family, outcome: str) -> None:
        """Count a probe."""
        self._probes.labels(family, outcome).inc()

    def answer(self, answer: Answer, seconds: float) -> None:
        """Count what a source said."""
        outcome = answer.reason if isinstance(answer, Failure) else "address"
        self._answers.labels(answer.operator, outcome).inc()
        self._source_seconds.labels(answer.operator).observe(seconds)

    def gandi_call(self, method: str, status: str, seconds: float) -> None:
        """Count a request to Gandi; `status` is the code, or `error` where none came."""
        self._requests.labels(method, status).inc()
        self._request_seconds.labels(method).observe(seconds)

    def outcome(self, outcome: Outcome, at: float, mode: str) -> None:
        """Show how a record stands after a pass. `at`: Unix time; `mode`: who may write."""
        labels = (outcome.record.fqdn, outcome.record.type)
        self._in_sync.labels(*labels).set(outcome.in_sync)
        self._contested.labels(*labels).set(outcome.contested)
        self._path_differs.labels(*labels).set(outcome.path_differs)
        self._left_alone.labels(*labels).set(outcome.action in LEFT_ALONE)
        if outcome.wrote:
            self._updates.labels(*labels).inc()
            self._last_update.labels(*labels).set(at)
            self._publishes.labels(mode).inc()
        if outcome.repaired:
            self._drift.labels(*labels).inc()
        self.failure(outcome)

    def failure(self, outcome: Outcome) -> None:
        """Count what the provider refused or failed."""
        if outcome.reason not in (None, ErrorReason.BLOCKED):
            labels = (outcome.record.fqdn, outcome.record.type, outcome.reason)
            self._update_failures.labels(*labels).inc()

    def heartbeat(self, outcome: str) -> None:
        """Count a heartbeat that was sent, or failed."""
        self._heartbeats.labels(outcome).inc()

    def converged(self, seconds: float) -> None:
        """Note how long an address took from its decision to DNS."""
        self._convergence.observe(seconds)
