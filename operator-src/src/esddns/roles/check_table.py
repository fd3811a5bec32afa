"""The findings of `esddns check` as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esddns.core.model import Failure
from esddns.roles.exit_codes import Exit

if TYPE_CHECKING:  # check imports this module, and that only for people
    from esddns.roles.check import Findings

_ZONES_SHOWN = 10


def show(findings: Findings, code: Exit) -> None:
    """Print tables, and last what to fix."""
    console = Console()
    if findings.problems:
        console.print("configuration: [red]not usable[/]")
    else:
        console.print("configuration: [green]good[/]")
        console.print(_sources(findings))
        for family, decision in findings.families.items():
            address = decision.address or "[red]undecided[/]"
            agreed = f" (agreed: {', '.join(decision.agreed)})" if decision.agreed else ""
            console.print(f"{family}: {address}{escape(agreed)}")
        console.print(_token(findings))
    if findings.records:
        console.print(_records(findings.records))
    for line in findings.fix:
        console.print(f"[yellow]fix:[/] {escape(line)}")
    if code is Exit.OK and not findings.fix:
        console.print("[green]All good.[/]")


def _sources(findings: Findings) -> Table:
    table = Table(title="detection sources")
    for heading in ("source", "operator", "family", "answer", "seconds"):
        table.add_column(
            heading, justify="right" if heading == "seconds" else "left", overflow="fold"
        )
    for family, answer, seconds in findings.sources:
        if isinstance(answer, Failure):
            said = f"[red]{escape(answer.detail)}[/]"
        elif findings.families[family].address in (None, answer.address):
            said = f"[green]{answer.address}[/]"
        else:
            said = f"[yellow]{answer.address}, not what the others say[/]"
        table.add_row(answer.source, answer.operator, family, said, f"{seconds:.2f}")
    return table


def _token(findings: Findings) -> str:
    if findings.token_error is not None:
        said = "[yellow]could not be tried[/]" if findings.token_untried else "[red]not usable[/]"
        return f"token: {said} (from {escape(findings.token or 'nowhere')})"
    zones = ", ".join(findings.zones[:_ZONES_SHOWN]) or "no zone"
    more = len(findings.zones) - _ZONES_SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return f"token: [green]good[/] (from {escape(findings.token)}); it sees {zones}{tail}"


def _records(records: list[dict[str, Any]]) -> Table:
    table = Table(title="records")
    for heading in ("record", "type", "zone", "holds now", "would hold", "action"):
        table.add_column(heading, overflow="fold")
    colours = {"none": "green", "create": "cyan", "update": "cyan"}
    for record in records:
        observed = record["observed"]
        action = record["action"]
        absent = "?" if action == "error" else "nothing"  # after an error it is not known
        table.add_row(
            record["fqdn"],
            record["type"],
            record["zone"] or "?",
            f"{', '.join(observed['values'])} (TTL {observed['ttl']})" if observed else absent,
            f"{', '.join(record['values'])} (TTL {record['ttl']})" if record["values"] else "?",
            f"[{colours.get(action, 'red')}]{action}[/]",
        )
    return table
