"""`esddns check`: tries everything, changes nothing, and says what to fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from esddns.config.settings import ConfigurationError, Settings
from esddns.core.decide import Decision, Status
from esddns.core.errors import ProviderError
from esddns.core.model import Answer, Failure, Family
from esddns.core.plan import WRITES
from esddns.core.state import rrset_to_json
from esddns.roles.exit_codes import Exit, first, of_reason
from esddns.roles.once import Once, family_json, record_json
from esddns.roles.wiring import connect, make_rng
from esddns.shell.clock import utc_now
from esddns.shell.gandi.token import TokenSource
from esddns.shell.memory import Memory, file_name
from esddns.shell.seams import Outside

Load = Callable[[], tuple[Settings, TokenSource]]


@dataclass(slots=True)
class Findings:
    """What was found out; `fix` says what a person has to do, most urgent first."""

    problems: list[str] = field(default_factory=list)
    sources: list[tuple[Family, Answer, float]] = field(default_factory=list)
    families: dict[Family, Decision] = field(default_factory=dict)
    token: str = ""
    token_error: str | None = None
    token_untried: bool = False  # Gandi was away: of the token nothing is known
    zones: tuple[str, ...] = ()
    records: list[dict[str, Any]] = field(default_factory=list)
    fix: list[str] = field(default_factory=list)
    codes: list[Exit] = field(default_factory=list)


async def check(load: Load, state_dir: Path, *, as_json: bool) -> int:
    """Check and print; gives the exit code."""
    findings = Findings()
    try:
        settings, tokens = load()
    except ConfigurationError as error:
        findings.problems = [str(problem) for problem in error.problems]
        findings.fix = list(findings.problems)
        findings.codes = [Exit.CONFIGURATION]
    else:
        outside = connect(settings, tokens)
        try:
            findings.token = tokens.read().origin
            await _look(findings, settings, outside, state_dir)
        finally:
            outside.account.close()
    code = first(findings.codes)
    if as_json:
        print(json.dumps(to_json(findings, code), indent=2, ensure_ascii=False))  # noqa: T201  # the command's output
    else:
        from esddns.roles.check_table import show  # noqa: PLC0415  # rich is for people only

        show(findings, code)
    return code


async def _look(findings: Findings, settings: Settings, outside: Outside, state_dir: Path) -> None:
    memory = Memory(state_dir / file_name(settings.gandi.url), read_only=True)
    for family, detector in outside.detectors.items():
        asked = await detector.ask_all()
        findings.sources += [(family, answer, seconds) for answer, seconds in asked]
        current = memory.state.address(family)
        decision = detector.decide((a for a, _s in asked), current)
        findings.families[family] = decision
        if decision.status is Status.UNDECIDED:
            findings.codes.append(Exit.UNDECIDED)
            findings.fix.append(
                f"{family} is undecided, so nothing would be changed: {decision.detail}: see why these "
                f"sources fail, or choose others in [detection] sources"
            )
    try:
        findings.zones = await outside.account.zones()
    except ProviderError as error:
        code = of_reason(error.reason)
        findings.token_error, findings.token_untried = str(error), code is Exit.UNREACHABLE
        findings.codes.append(code)
        findings.fix.append(str(error))
        return  # without it nothing can be known of the records
    if not settings.records:
        findings.fix.append("no record is configured: add a section [record:NAME] to dns.ini, or give "
                            "--target-domain; DNSRecord objects are not looked at here, `kubectl get "
                            "dnsrec` shows how they stand")  # fmt: skip
    await _look_at_records(findings, settings, outside, memory)


async def _look_at_records(
    findings: Findings, settings: Settings, outside: Outside, memory: Memory
) -> None:
    """See what a pass would do, by the API: DNS may be what is wrong."""
    dry = replace(settings, gandi=replace(settings.gandi, dry_run=True))
    asking = replace(outside, authority=None)
    trial = Once(dry, asking, memory, utc_now, make_rng())
    outcomes, code = await trial.keep(findings.families)
    findings.codes.append(code)
    for outcome in outcomes:
        entry = record_json(outcome) | {"observed": rrset_to_json(outcome.observed)}
        findings.records.append(entry)
        # What is undecided was said once, above.
        if outcome.error is not None and outcome.action not in WRITES and not outcome.undecided:
            findings.fix.append(f"{outcome.record.key}: {outcome.error}")


def to_json(findings: Findings, code: Exit) -> dict[str, Any]:
    """Give the findings as JSON values."""
    return {
        "ok": code is Exit.OK,
        "configuration": {"ok": not findings.problems, "problems": findings.problems},
        "sources": [
            {
                "name": answer.source,
                "operator": answer.operator,
                "family": str(family),
                "address": None if isinstance(answer, Failure) else str(answer.address),
                "error": answer.detail if isinstance(answer, Failure) else None,
                "seconds": round(seconds, 3),
            }
            for family, answer, seconds in findings.sources
        ],
        "families": {str(f): family_json(decision) for f, decision in findings.families.items()},
        "token": {
            "ok": None
            if findings.token_untried
            else findings.token_error is None and not findings.problems,
            "from": findings.token or None,
            "error": findings.token_error,
            "zones": list(findings.zones),
        },
        "records": findings.records,
        "fix": findings.fix,
    }
