"""One leader at a time, and always one."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from election.fleet import NAMESPACE, WRITE, Agent, fleet_of
from esddns.core.lease import DURATION, RENEW_DEADLINE
from esddns.shell.kube.leases import NAME
from esddns.shell.kube.seam import LEASES
from standin.faults import Fault
from virtual_time import run_virtual

SIZES = [1, 3, 10, 100]
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize("size", SIZES)
def test_one_leads(size: int) -> None:
    """Of any number of agents one leads, soon, and goes on leading."""

    async def scenario() -> None:
        async with fleet_of(size) as fleet:
            leader = await fleet.leader(within=6)
            await asyncio.sleep(HOUR)
            assert fleet.leaders == [leader]
            assert len(leader.terms) == 1

    run_virtual(scenario())


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_leader_that_dies_is_followed_within_22_s(size: int) -> None:
    """When the leader is killed, another leads within 22 s."""

    async def scenario() -> None:
        async with fleet_of(size) as fleet:
            leader = await fleet.leader(within=6)
            await asyncio.sleep(MINUTE)
            dying = asyncio.create_task(leader.crash(fleet))
            await fleet.leader(within=22, not_=leader)
            await dying

    run_virtual(scenario())


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_release_is_followed_within_2_s(size: int) -> None:
    """When the leader ends as it should, another leads within 2 s."""

    async def scenario() -> None:
        async with fleet_of(size) as fleet:
            leader = await fleet.leader(within=6)
            await asyncio.sleep(MINUTE)
            await leader.stop()
            await fleet.leader(within=2, not_=leader)

    run_virtual(scenario())


def test_the_lease_is_released_after_the_write_on_the_wire() -> None:
    """A leader that is stopped in mid-write gives the Lease away only when that write is done."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            leader = await fleet.leader(within=6)
            leader.works_at_end = 3.0
            stopping = asyncio.create_task(leader.stop())
            await asyncio.sleep(2.9)
            assert not [agent for agent in fleet.leaders if agent is not leader]
            await stopping
            await fleet.leader(within=2, not_=leader)

    run_virtual(scenario())


def test_the_lease_is_released_though_a_renewal_was_on_the_wire() -> None:
    """Whoever is stopped before a renewal was answered gives the Lease away as that left it."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            leader = await fleet.leader(within=6)
            fault = Fault(verb="update", kind=LEASES, hang=True, applied=True, count=1)
            fleet.model.faults.append(fault)
            for _ in range(60):
                if not fault.count:
                    break
                await asyncio.sleep(0.1)
            assert not fault.count
            await leader.stop()
            await fleet.leader(within=2, not_=leader)

    run_virtual(scenario())


def test_a_frozen_leader_starts_no_write_when_it_thaws() -> None:
    """A leader that was stopped for longer than its Lease may write no more, at once when it goes on."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            frozen = await fleet.leader(within=6)
            frozen.cluster.running.clear()
            await fleet.leader(within=30, not_=frozen)
            assert frozen.elector.may_write(WRITE) is not None
            frozen.cluster.running.set()
            assert frozen.elector.may_write(WRITE) is not None
            await asyncio.sleep(MINUTE)
            assert not frozen.leads
            assert len(fleet.leaders) == 1

    run_virtual(scenario())


def test_a_write_needs_its_time() -> None:
    """Between two renewals that work, a write may always be started; one second too late it may not."""

    async def scenario() -> None:
        async with fleet_of(2) as fleet:
            leader = await fleet.leader(within=6)
            for _ in range(200):
                assert leader.elector.may_write(WRITE) is None
                await asyncio.sleep(0.1)
            said = leader.elector.may_write(DURATION)
            assert said is not None
            assert "too little" in said

    run_virtual(scenario())


@pytest.mark.parametrize("silent", [False, True])
def test_an_api_server_that_is_gone(silent: bool) -> None:
    """Without the API server nobody leads for long; when it is back, one does."""

    async def scenario() -> None:
        async with fleet_of(5) as fleet:
            leader = await fleet.leader(within=6)
            fleet.model.outage(silent=silent)
            await asyncio.sleep(RENEW_DEADLINE + 5 + 1 + 5)
            assert not leader.leads
            await asyncio.sleep(10 * MINUTE)
            assert not fleet.leaders
            fleet.model.recover()
            await fleet.leader(within=30)

    run_virtual(scenario())


def test_a_right_that_is_missing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Who may not take the Lease says so, with what to look at, and once; an outage is not said here."""

    async def scenario() -> None:
        async with fleet_of(1) as fleet:
            fleet.model.faults.append(Fault(status=500, verb="create", kind=LEASES, count=5))
            fleet.model.faults.append(Fault(status=403, verb="create", kind=LEASES, count=20))
            await fleet.leader(within=2 * MINUTE)

    with caplog.at_level(logging.INFO):
        run_virtual(scenario())
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in said] == ["the Lease may not be taken"]
    assert "RoleBinding esddns-operator-daemon" in str(vars(said[0]))
    assert "is forbidden" in str(vars(said[0]))


def test_a_leader_cut_off_gives_up_before_another_leads() -> None:
    """A leader whose answers are lost gives up, and another leads; there are never two."""

    async def scenario() -> None:
        async with fleet_of(5) as fleet:
            for back in (True, False):
                leader = await fleet.leader(within=40)
                fleet.model.client(leader.name).cut(to=not back, back=back)
                # Where only answers are lost, its renewals still count until it gives up by itself.
                await fleet.leader(within=RENEW_DEADLINE + 5 + 22, not_=leader)
                assert not leader.leads
                fleet.model.client(leader.name).heal()
                await asyncio.sleep(MINUTE)
                assert len(fleet.leaders) == 1

    run_virtual(scenario())


def test_loops_that_stall_are_not_covered_up() -> None:
    """A leader whose own loops are dead renews no more, and another takes over."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            leader = await fleet.leader(within=6)
            leader.stalled.append("keeper")
            await fleet.leader(within=RENEW_DEADLINE + 22, not_=leader)
            await asyncio.sleep(MINUTE)
            assert not leader.leads

    run_virtual(scenario())


def test_a_yield_lets_another_lead() -> None:
    """A leader that gives up is followed at once by another, and stands back for a while."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            leader = await fleet.leader(within=6)
            assert leader.elector.may_yield()
            leader.elector.give_up("Gandi cannot be reached")
            assert not leader.elector.may_yield()  # once is enough
            other = await fleet.leader(within=2, not_=leader)
            assert other.elector.yields.count == 1
            await asyncio.sleep(HOUR)
            assert fleet.leaders == [other]

    run_virtual(scenario())


def test_yields_are_no_merry_go_round() -> None:
    """An outage for all makes leadership change hands after 5, 10, 20 … minutes, and no more often."""

    async def scenario() -> None:
        async with fleet_of(5) as fleet:
            for _ in range(6 * HOUR // 10):
                for agent in fleet.leaders:
                    if agent.elector.may_yield():
                        agent.elector.give_up("no answer from any source")
                await asyncio.sleep(10)
            terms = sum(len(agent.terms) for agent in fleet.agents)
            assert terms <= 1 + 1 + 4 + 6  # at once, after 5, 10, 20, 40 minutes, then hourly

    run_virtual(scenario())


def test_a_clock_that_is_wrong_holds_no_yield_up() -> None:
    """One of two agents lives a year ahead: the other still yields after its pauses, and not sooner."""

    async def scenario() -> None:
        async with fleet_of(2) as fleet:
            wrong, right = fleet.agents
            wrong.ahead = timedelta(days=365)
            for _ in range(6 * HOUR // 10):
                for agent in fleet.leaders:
                    if agent.elector.may_yield():
                        agent.elector.give_up("no answer from any source")
                await asyncio.sleep(10)
            # After 5 minutes or 10, 20 or 40, and then hourly, for those of the other count as well.
            assert 6 <= len(right.terms) <= 9
            assert len(wrong.terms) <= len(right.terms) + 1

    run_virtual(scenario())


def test_good_work_forgets_yields() -> None:
    """When a leader's way out is good again, and the pause is over, the count begins anew."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            leader = await fleet.leader(within=6)
            leader.elector.give_up("no answer")
            other = await fleet.leader(within=2, not_=leader)
            other.elector.work_is_good()
            await asyncio.sleep(100)
            assert other.elector.yields.count == 1
            await asyncio.sleep(300)
            assert other.elector.yields.count == 0

    run_virtual(scenario())


@pytest.mark.parametrize("deed", ["deleted", "emptied", "another holder"])
def test_a_lease_that_somebody_edits(deed: str) -> None:
    """Whatever is done to the Lease by hand, there is one leader again before long, and never two."""

    async def scenario() -> None:
        async with fleet_of(3) as fleet:
            await fleet.leader(within=6)
            await asyncio.sleep(MINUTE)
            store = fleet.model.store
            if deed == "deleted":
                store.delete(LEASES, NAMESPACE, NAME)
            else:
                cluster = fleet.agents[0].cluster
                lease = await cluster.get(LEASES, NAME)
                holder = "somebody" if deed == "another holder" else ""
                await cluster.replace(LEASES, lease | {"spec": {"holderIdentity": holder}})
            await asyncio.sleep(10)
            await fleet.leader(within=22)
            await asyncio.sleep(MINUTE)
            assert len(fleet.leaders) == 1

    run_virtual(scenario())


def test_what_a_follower_costs() -> None:
    """Other than the Lease's own events, a follower makes at most 15 requests an hour."""

    async def scenario() -> None:
        async with fleet_of(5) as fleet:
            leader = await fleet.leader(within=6)
            follower = next(agent for agent in fleet.agents if agent is not leader)
            before = fleet.requests(follower)
            await asyncio.sleep(HOUR)
            assert fleet.requests(follower) - before <= 15

    run_virtual(scenario())


def test_a_take_over_is_no_stampede() -> None:
    """When the leader of 300 agents dies, fewer than 60 requests a second reach the API server."""

    async def scenario() -> None:
        async with fleet_of(300) as fleet:
            leader = await fleet.leader(within=8)
            await asyncio.sleep(30)
            fleet.model.everyone.event_delay = 0.1
            before = sum(fleet.model.requests.values())
            dying = asyncio.create_task(leader.crash(fleet))
            await fleet.leader(within=22, not_=leader)
            await asyncio.sleep(1)
            # In the whole of the take-over, which is never shorter than a second.
            assert sum(fleet.model.requests.values()) - before <= 60
            await dying

    run_virtual(scenario())


def test_what_is_heard_as_the_wait_ends() -> None:
    """A Lease that another is seen to take in the instant that the jitter ends is not taken from it."""

    async def scenario() -> None:
        async with fleet_of(1) as fleet:
            leader = await fleet.leader(within=6)
            other = Agent(fleet, 1)
            other.cluster.running.clear()  # it hears nothing in time
            waits = other.elector._changes_within

            async def hears_too_late(seconds: float) -> bool:
                changed = await waits(seconds)
                if not changed:
                    other.elector._answered(leader.elector._sighting.lease)
                    other.cluster.running.set()
                return changed

            other.elector._changes_within = hears_too_late  # type: ignore[method-assign]
            await asyncio.sleep(HOUR)
            assert fleet.leaders == [leader]
            assert len(leader.terms) == 1
            assert not other.terms
            await other.stop()

    run_virtual(scenario())
