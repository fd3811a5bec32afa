"""Which address the sources agree on: a quorum of operators, never of names.

One company's three services are one witness. While the current address still has a quorum it stays, so
two ways out of the site (or one liar) do not make the record flap. Whoever answers DNS and STUN on the way is
several operators at once, so another address needs a witness that TLS vouches for.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from esddns.core.model import Answer, Failure, IPAddress, Observation


class Status(enum.StrEnum):
    """What a round of questions came to."""

    DECIDED = "decided"  # a quorum gave an address that is not the current one
    UNCHANGED = "unchanged"  # a quorum gave the current one
    UNDECIDED = "undecided"  # neither: nothing may change anywhere


class Undecided(enum.StrEnum):
    """Why there was no decision: a closed set, for it becomes a metric's label."""

    NO_ANSWER = "no-answer"  # from anybody, or from anybody over TLS where some are asked so
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


def decide(
    answers: Iterable[Answer],
    current: IPAddress | None,
    quorum: int,
    vouched: Collection[str] = (),
) -> Decision:
    """Weigh what the sources said; the order of `answers` does not matter.

    `vouched`: names of the sources that are asked over TLS. Where there are some, an address that is not the
    current one needs one of them in its quorum; without an answer from any, there is none.
    """
    answers = tuple(answers)
    support: dict[IPAddress, set[str]] = {}
    proven: set[IPAddress] = set()
    for answer in answers:
        if isinstance(answer, Observation):
            support.setdefault(answer.address, set()).add(answer.operator)
            if not vouched or answer.source in vouched:
                proven.add(answer.address)

    if current is not None and len(support.get(current, ())) >= quorum:
        return Decision(Status.UNCHANGED, current, tuple(sorted(support[current])))

    needed = f"{quorum} operators must agree" + (", one of them over HTTPS" if vouched else "")
    if not proven:
        return _undecided(Undecided.NO_ANSWER, support, answers, needed)
    most = max(map(len, support.values()))
    leading = [address for address, operators in support.items() if len(operators) == most]
    if most < quorum or proven.isdisjoint(leading):
        return _undecided(Undecided.NO_QUORUM, support, answers, needed)
    if len(leading) > 1:
        return _undecided(Undecided.TIE, support, answers, needed)
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
    needed: str,
) -> Decision:
    said = [
        f"{', '.join(sorted(operators))} said {address}"
        for address, operators in sorted(support.items(), key=lambda kv: str(kv[0]))
    ]
    failed = sorted({f"{a.source}: {a.detail}" for a in answers if isinstance(a, Failure)})
    return Decision(Status.UNDECIDED, why=why, detail="; ".join([needed, *said, *failed]))
