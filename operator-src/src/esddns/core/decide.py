"""Which address the sources agree on: a quorum of operators, never of names.

One company's three services are one witness. While the current address still has a quorum it stays, so
two ways out of the site (or one liar) do not make the record flap.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from esddns.core.model import Answer, Failure, IPAddress, Observation


class Status(enum.StrEnum):
    """What a round of questions came to."""

    DECIDED = "decided"  # a quorum gave an address that is not the current one
    UNCHANGED = "unchanged"  # a quorum gave the current one
    UNDECIDED = "undecided"  # neither: nothing may change anywhere


class Undecided(enum.StrEnum):
    """Why there was no decision: a closed set, for it becomes a metric's label."""

    NO_ANSWER = "no-answer"
    NO_QUORUM = "no-quorum"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one round for one family.

    `address` is None exactly when undecided: unknown is not a value. `agreed` names the operators that
    gave it, sorted. `why` is set exactly when undecided; `detail` says it to people.
    """

    status: Status
    address: IPAddress | None = None
    agreed: tuple[str, ...] = ()
    why: Undecided | None = None
    detail: str = ""


def decide(answers: Iterable[Answer], current: IPAddress | None, quorum: int) -> Decision:
    """Weigh what the sources said; the order of `answers` does not matter."""
    answers = tuple(answers)
    support: dict[IPAddress, set[str]] = {}
    for answer in answers:
        if isinstance(answer, Observation):
            support.setdefault(answer.address, set()).add(answer.operator)

    if current is not None and len(support.get(current, ())) >= quorum:
        return Decision(Status.UNCHANGED, current, tuple(sorted(support[current])))
    if not support:
        return _undecided(Undecided.NO_ANSWER, support, answers, quorum)
    most = max(map(len, support.values()))
    leading = [address for address, operators in support.items() if len(operators) == most]
    if most < quorum:
        return _undecided(Undecided.NO_QUORUM, support, answers, quorum)
    if len(leading) > 1:
        return _undecided(Undecided.TIE, support, answers, quorum)
    return Decision(Status.DECIDED, leading[0], tuple(sorted(support[leading[0]])))


def settles(answers: Iterable[Answer], current: IPAddress | None) -> bool:
    """Whether a first batch needs no further witness: all answered, and all with the current address.

    A change always hears every witness: else the first few, all lying, would be believed while the
    others still have a quorum for the address that stands.
    """
    return all(isinstance(a, Observation) and a.address == current for a in answers)


def _undecided(
    why: Undecided,
    support: dict[IPAddress, set[str]],
    answers: tuple[Answer, ...],
    quorum: int,
) -> Decision:
    said = [
        f"{', '.join(sorted(operators))} said {address}"
        for address, operators in sorted(support.items(), key=lambda kv: str(kv[0]))
    ]
    failed = sorted({f"{a.source}: {a.detail}" for a in answers if isinstance(a, Failure)})
    parts = [f"{quorum} operators must agree", *said, *(failed or ())]
    return Decision(Status.UNDECIDED, why=why, detail="; ".join(parts))
