"""The nine rules as invariants: held at every step of many seeds, and each planted bug breaks one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from esddns.shell.kube.seam import LEASES
from scenarios.in_process import OPERATORS
from simulation.bugs import BUGS, Bug, planted
from simulation.loop import FleetLoop
from simulation.run import end, simulate
from simulation.world import INTERVAL, PROBE, a_world

SEEDS = 200  # `make simulate` plays as many as are wanted
CHUNK = 10


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_invariants_hold(first: int) -> None:
    """Whatever goes wrong, nothing is violated, and peace brings everything back."""
    for seed in range(first, min(first + CHUNK, SEEDS)):
        outcome = simulate(seed)
        assert not outcome.violations, f"{outcome.trace}\n\nseed {seed}: {outcome.violations}"


@pytest.mark.parametrize("size", [1, 3, 10])
def test_without_faults_one_write_a_change(size: int) -> None:
    """Without faults there is one write for a change, and one leader, at every size."""
    for seed in range(3):
        outcome = simulate(seed, faults=0, size=size)
        assert not outcome.violations, f"{outcome.trace}\n\nseed {seed}: {outcome.violations}"
        assert outcome.facts["elections"] == 1


def test_what_is_asked_does_not_grow_with_the_nodes() -> None:
    """Without faults the calls to Gandi and the questions to sources are those of one leader."""
    # Another size is another course of the seed: both are held against what one leader may need.
    for size in (1, 20):
        facts = simulate(7, faults=0, size=size).facts
        rounds = facts["seconds"] / INTERVAL
        assert facts["gandi"] <= 2 * rounds + 60
        assert facts["questions"] <= rounds * (3 + INTERVAL / PROBE) + 10 * len(OPERATORS)


def test_a_seed_replays_byte_for_byte() -> None:
    """The same seed gives the same timeline, in another process with other hashes, too."""
    here = Path(__file__).parent.parent
    traces = [
        subprocess.run(  # our own interpreter
            [sys.executable, "-m", "simulation", "11"],
            cwd=here,
            env={**os.environ, "PYTHONHASHSEED": hashes},
            check=True,
            capture_output=True,
        ).stdout
        for hashes in ("1", "2")
    ]
    assert traces[0] == traces[1]
    assert b"peace" in traces[0]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    """Each bug violates an invariant within the 200 seeds; the first to show it is known, and tried first."""
    seeds = (BUGS[bug], *range(SEEDS))
    with planted(bug):
        assert any(simulate(seed).violations for seed in seeds)


def attempts_after_a_crash(agents: int) -> int:
    """How many of them ask for the Lease when its holder was killed."""

    async def play() -> int:
        with a_world(3) as world:
            world.api.everyone.latency_to = world.api.everyone.latency_back = 0.005
            for _ in range(agents):
                world.grow()
            await asyncio.sleep(120)
            leader = next(m for m in world.machines if m.process and m.process.leads)
            asked = world.api.requests["update", LEASES.plural]
            leader.crash(keep_disk=True)
            await asyncio.sleep(19)
            # The new one's renewals, one in 5 s, are none.
            attempts = world.api.requests["update", LEASES.plural] - asked - 1
            assert world.oracle.elections == 2
            await end(world)
            return attempts

    with asyncio.Runner(loop_factory=lambda: FleetLoop(3600.0)) as runner:
        return runner.run(play())


def test_a_take_over_is_spread_out() -> None:
    """Of 100 agents few ask for a Lease that ran out; without the jitter nearly all of them would."""
    assert attempts_after_a_crash(100) <= 5
    with mock.patch("esddns.shell.elector.jitter", return_value=0.0):
        assert attempts_after_a_crash(100) > 50
