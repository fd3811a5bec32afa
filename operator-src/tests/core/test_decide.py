"""What a round of answers comes to: the quorum of operators."""

from __future__ import annotations

import random
from collections import defaultdict
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.decide import Decision, Status, Undecided, decide, settles
from esddns.core.model import Answer, Failure, FailureReason, IPAddress, Observation

A, B, C = (IPv4Address(f"192.0.2.{n}") for n in (1, 2, 3))

addresses = st.sampled_from([A, B, C])
operators = st.sampled_from(["ant", "bee", "cow", "dog", "eel"])
sources = st.text("xyz", min_size=1, max_size=2)
observations = st.builds(Observation, sources, operators, addresses)
failures = st.builds(Failure, sources, operators, st.sampled_from(FailureReason), st.just("broken"))
answer_lists = st.lists(observations | failures, max_size=12)
currents = st.none() | addresses
quorums = st.integers(1, 4)
vouched_sources = st.frozensets(sources, max_size=3)


def said(*pairs: tuple[str, IPAddress]) -> list[Answer]:
    """Observations of different sources, by (operator, address)."""
    return [Observation(f"s{n}", operator, address) for n, (operator, address) in enumerate(pairs)]


def support(answers: list[Answer]) -> dict[IPAddress, set[str]]:
    """The operators behind each address, counted without the code under test."""
    found: dict[IPAddress, set[str]] = defaultdict(set)
    for answer in answers:
        if isinstance(answer, Observation):
            found[answer.address].add(answer.operator)
    return found


@given(answer_lists, currents, quorums)
def test_no_address_without_a_quorum(
    answers: list[Answer], current: IPAddress | None, quorum: int
) -> None:
    """Whatever sources return, an address that no quorum of operators gave never comes out."""
    decision = decide(answers, current, quorum)
    if decision.address is not None:
        assert len(support(answers)[decision.address]) >= quorum
        assert set(decision.agreed) == support(answers)[decision.address]


@given(answer_lists, addresses, quorums)
def test_current_with_a_quorum_is_never_left(
    answers: list[Answer], current: IPAddress, quorum: int
) -> None:
    """A current address that still has a quorum stays, whatever the others say."""
    if len(support(answers)[current]) >= quorum:
        decision = decide(answers, current, quorum)
        assert (decision.status, decision.address) == (Status.UNCHANGED, current)


@given(answer_lists, currents, quorums, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    answers: list[Answer], current: IPAddress | None, quorum: int, rng: random.Random
) -> None:
    """The order in which sources answer changes nothing, not even the wording."""
    shuffled = rng.sample(answers, len(answers))
    assert decide(shuffled, current, quorum) == decide(answers, current, quorum)


@given(answer_lists, currents, quorums)
def test_a_change_beats_every_rival(
    answers: list[Answer], current: IPAddress | None, quorum: int
) -> None:
    """A new address has more operators behind it than any other address has."""
    decision = decide(answers, current, quorum)
    if decision.status is Status.DECIDED:
        assert decision.address != current
        others = {a: ops for a, ops in support(answers).items() if a != decision.address}
        assert all(len(ops) < len(decision.agreed) for ops in others.values())


@given(answer_lists, currents, quorums, vouched_sources)
def test_a_change_is_vouched_for(
    answers: list[Answer], current: IPAddress | None, quorum: int, vouched: frozenset[str]
) -> None:
    """Where sources are asked over TLS no other address comes out without one of them."""
    decision = decide(answers, current, quorum, vouched)
    if vouched and decision.status is Status.DECIDED:
        behind = {a.source for a in answers if getattr(a, "address", None) == decision.address}
        assert behind & vouched
    # It only ever holds back: what is decided with it is decided without it.
    if decision.status is not Status.UNDECIDED:
        assert decision == decide(answers, current, quorum)


@given(answer_lists, currents, quorums)
def test_undecided_has_no_address_and_says_why(
    answers: list[Answer], current: IPAddress | None, quorum: int
) -> None:
    """Unknown is not a value: an undecided round has no address, and a reason for people and metrics."""
    decision = decide(answers, current, quorum)
    undecided = decision.status is Status.UNDECIDED
    assert undecided == (decision.address is None) == (decision.why is not None)
    assert bool(decision.detail) == undecided


@given(st.lists(st.builds(Observation, sources, st.just("liar"), addresses)), currents)
def test_one_operator_counts_once(answers: list[Answer], current: IPAddress | None) -> None:
    """However many names one operator has, it is one witness: it decides nothing alone."""
    assert decide(answers, current, 2).address is None


def test_operators_agree() -> None:
    """Two operators that agree decide, and are named."""
    assert decide(said(("bee", A), ("ant", A)), None, 2) == Decision(
        Status.DECIDED, A, ("ant", "bee")
    )


def test_tie() -> None:
    """Two new addresses with equally many operators are a tie, and the detail names both."""
    decision = decide(said(("ant", A), ("bee", A), ("cow", B), ("dog", B)), C, 2)
    assert decision.why is Undecided.TIE
    assert "ant, bee said 192.0.2.1" in decision.detail
    assert "cow, dog said 192.0.2.2" in decision.detail


def test_dual_wan_stays() -> None:
    """With two ways out the current address stays while it has its quorum, though the other has more."""
    answers = said(("ant", A), ("bee", A), ("cow", B), ("dog", B), ("eel", B))
    assert decide(answers, A, 2).status is Status.UNCHANGED


def test_nobody_answered() -> None:
    """When nobody answers the reason says so, and the detail what each source saw."""
    failed = Failure("s1", "ant", FailureReason.TIMEOUT, "no answer within 3 s")
    decision = decide([failed], A, 2)
    assert decision.why is Undecided.NO_ANSWER
    assert "s1: no answer within 3 s" in decision.detail


def test_too_few() -> None:
    """One operator is no quorum of two."""
    assert decide(said(("ant", A)), None, 2).why is Undecided.NO_QUORUM


@given(answer_lists, currents)
def test_a_first_batch_settles_only_what_stands(
    answers: list[Answer], current: IPAddress | None
) -> None:
    """The others are spared only where everybody confirmed the current address."""
    confirmed = all(isinstance(a, Observation) and a.address == current for a in answers)
    assert settles(answers, current) == confirmed


def test_unproven_operators_move_nothing() -> None:
    """Three operators over UDP keep the address that stands; another needs one that TLS vouches for."""
    answers = said(("ant", A), ("bee", A), ("cow", A), ("dog", B))
    assert decide(answers, A, 2, {"s3"}).status is Status.UNCHANGED
    decision = decide(answers, B, 2, {"s3"})
    assert decision.why is Undecided.NO_QUORUM
    assert decision.detail.startswith("2 operators must agree, one of them over HTTPS; ant, bee")
    assert decide(answers, B, 2, {"s2", "s3"}).address == A
    assert decide(answers, B, 2).address == A


def test_without_an_answer_over_tls_there_is_none() -> None:
    """Who hears only what anybody can say hears no answer: another node may hear more."""
    failed = Failure("web", "eel", FailureReason.TIMEOUT, "no answer")
    answers = [*said(("ant", A), ("bee", A)), failed]
    assert decide(answers, B, 2, {"web"}).why is Undecided.NO_ANSWER
    assert decide(answers, A, 2, {"web"}).status is Status.UNCHANGED
