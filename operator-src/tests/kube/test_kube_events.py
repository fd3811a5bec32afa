"""Events reach people, and never hurt: not the API server, and not who emits them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esddns.core.kube_event import BURST, Reason, Regarding
from esddns.shell.kube.events import EventRecorder
from esddns.shell.kube.seam import EVENTS, Object
from kube.sites import AGENT, NAMESPACE, Site, model_site, virtual_now
from standin import ApiServerModel, Fault, ModelCluster, RecordingCluster
from virtual_time import run_virtual

Play = Callable[..., None]
AGENT_SET = Regarding("apps/v1", "DaemonSet", NAMESPACE, "esddns", "uid-1")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
FAULT = Reason.RECORD_UPDATE_FAILED
CHANGE = Reason.ADDRESS_CHANGED


@dataclass
class Scene:
    """A recorder at work."""

    model: ApiServerModel
    recorder: EventRecorder

    @property
    def writes(self) -> int:
        """Requests so far."""
        return self.model.requests["create", "events"] + self.model.requests["patch", "events"]

    def told(self, namespace: str = NAMESPACE) -> list[tuple[str, int]]:
        """Messages and counts of all Events, in the order of `kubectl describe`."""
        found = self.model.store.select(EVENTS, namespace)
        found.sort(key=lambda event: (event["lastTimestamp"], event["metadata"]["uid"]))
        return [(event["message"], event["count"]) for event in found]

    async def emit_for(self, seconds: float, every: float, reason: Reason = FAULT) -> int:
        """Emit one after the other, each with a message of its own; give how many that were."""
        for number in range(int(seconds / every)):
            self.recorder.emit(AGENT_SET, reason, f"no. {number + 1}")
            await asyncio.sleep(every)
        return int(seconds / every)


def recorder_of(site: Site, pod: str = "esddns-x7") -> EventRecorder:
    """A pod's recorder, not running yet."""
    rng = random.Random(pod)  # noqa: S311  # names and jitter, the same in each run
    return EventRecorder(site.cluster, virtual_now, pod, rng)


@asynccontextmanager
async def at_work(site: Site) -> AsyncIterator[Scene]:
    """A recorder that runs; it must still do so at the end, and end when it is cancelled."""
    recorder = recorder_of(site)
    running = asyncio.create_task(recorder.run())
    try:
        yield Scene(site.model, recorder)
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def record(name: object, namespace: str = NAMESPACE) -> Regarding:
    """A DNSRecord."""
    return Regarding("esddns.io/v1alpha1", "DNSRecord", namespace, str(name))


def run(scenario: Callable[[Scene], Awaitable[None]]) -> None:
    """Play it in process, for days if need be."""

    async def main() -> None:
        async with model_site() as site, at_work(site) as scene:
            await scenario(scene)

    run_virtual(main())


def the_event(model: ApiServerModel) -> Object:
    """The only one there is."""
    (found,) = model.store.select(EVENTS, NAMESPACE)
    return found


def test_the_first_is_written_at_once(play_both: Play) -> None:
    """The first is written at once, with the fields that client-go's recorder writes."""

    async def scenario(site: Site) -> None:
        async with at_work(site) as scene:
            scene.recorder.emit(AGENT_SET, FAULT, "Gandi answers 503")
            await asyncio.sleep(0.1)
            found = the_event(site.model)
            metadata = found.pop("metadata")
            assert metadata["name"].startswith("esddns.")
            assert metadata["namespace"] == NAMESPACE
            assert found == {
                "apiVersion": "v1",
                "kind": "Event",
                "involvedObject": {
                    "apiVersion": "apps/v1",
                    "kind": "DaemonSet",
                    "namespace": NAMESPACE,
                    "name": "esddns",
                    "uid": "uid-1",
                },
                "reason": "RecordUpdateFailed",
                "type": "Warning",
                "message": "Gandi answers 503",
                "source": {"component": "esddns", "host": "esddns-x7"},
                "firstTimestamp": "2026-11-01T00:00:00Z",
                "lastTimestamp": "2026-11-01T00:00:00Z",
                "count": 1,
                "reportingComponent": "esddns",
                "reportingInstance": "esddns-x7",
            }

    play_both(scenario)


def test_it_stands_in_the_namespace_of_its_object(play_both: Play) -> None:
    """An Event is made and kept up in the namespace of its object, wherever the agent itself is."""

    async def scenario(site: Site) -> None:
        site.model.store.namespaces.add("media")
        async with at_work(site) as scene:
            for number in range(2):
                scene.recorder.emit(record("home", "media"), FAULT, f"no. {number}")
                scene.recorder.emit(record("home"), FAULT, f"our no. {number}")
                await asyncio.sleep(6 * MINUTE)
            assert scene.told("media") == [("no. 1", 2)]
            assert scene.told() == [("our no. 1", 2)]

    play_both(scenario)


def test_a_fault_that_lasts_a_day() -> None:
    """A fault that is emitted every 30 s for a day makes one Event and 288 writes, one each 5 minutes."""

    async def scenario(scene: Scene) -> None:
        assert await scene.emit_for(DAY, every=30) == 2880
        assert scene.model.requests == {("create", "events"): 1, ("patch", "events"): 287}
        assert len(scene.told()) == 1
        await asyncio.sleep(HOUR)
        assert scene.told() == [("no. 2880", 2880)]

    run(scenario)


@pytest.mark.parametrize("every", [10, 30, 100, 299, 301])
def test_changes_that_last_a_day(every: float) -> None:
    """An address that flaps for a day makes a handful more writes than a fault, and no more."""

    async def scenario(scene: Scene) -> None:
        await scene.emit_for(DAY, every=every, reason=CHANGE)
        assert scene.writes <= BURST + DAY / (5 * MINUTE)

    run(scenario)


def test_news_are_told_each() -> None:
    """Address changes within minutes of each other are shown each, even with repeats in between."""

    async def scenario(scene: Scene) -> None:
        for message in ("a to b", "a to b", "b to c", "c to a"):
            scene.recorder.emit(AGENT_SET, CHANGE, message)
            await asyncio.sleep(MINUTE)
        assert scene.told() == [("a to b", 1), ("b to c", 1), ("c to a", 1)]
        await asyncio.sleep(HOUR)
        assert scene.writes == 3

    run(scenario)


def test_too_much_news_is_counted() -> None:
    """After five different ones the others are counted in the last, with the latest message."""

    async def scenario(scene: Scene) -> None:
        await scene.emit_for(20, every=1, reason=CHANGE)
        assert scene.writes == BURST
        await asyncio.sleep(5 * MINUTE - 18)  # one more is allowed, and about to be used for these
        scene.recorder.emit(AGENT_SET, CHANGE, "the last")
        await asyncio.sleep(MINUTE)
        assert scene.told() == [(f"no. {n}", 1) for n in range(1, BURST)] + [("the last", 17)]
        assert scene.writes == BURST + 1

    run(scenario)


def test_after_a_pause_it_is_told_at_once() -> None:
    """What happens again after a while is written at once, in the same Event, with its own time."""

    async def scenario(scene: Scene) -> None:
        scene.recorder.emit(AGENT_SET, FAULT, "first")
        await asyncio.sleep(20 * MINUTE)
        scene.recorder.emit(AGENT_SET, FAULT, "second")
        await asyncio.sleep(0.1)
        found = the_event(scene.model)
        assert (found["message"], found["count"]) == ("second", 2)
        assert found["firstTimestamp"] == "2026-11-01T00:00:00Z"
        assert found["lastTimestamp"] == "2026-11-01T00:20:00Z"

    run(scenario)


def test_an_event_that_expired_is_made_anew() -> None:
    """Where the API server dropped the Event meanwhile, it is made anew, and counts on."""

    async def scenario(scene: Scene) -> None:
        scene.recorder.emit(AGENT_SET, FAULT, "first")
        await asyncio.sleep(HOUR)
        scene.model.store.delete(EVENTS, NAMESPACE, the_event(scene.model)["metadata"]["name"])
        scene.recorder.emit(AGENT_SET, FAULT, "second")
        await asyncio.sleep(0.1)
        assert scene.told() == [("second", 2)]
        scene.recorder.emit(AGENT_SET, FAULT, "third")
        await asyncio.sleep(6 * MINUTE)
        assert scene.told() == [("third", 3)]

    run(scenario)


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refusal_is_said_once(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Where Events are refused it is said once, asked seldom, and they are written when allowed again."""

    async def scenario(scene: Scene) -> None:
        refused = Fault(status=status, count=10**6)
        scene.model.faults.append(refused)
        await scene.emit_for(HOUR, every=10)
        assert scene.writes == HOUR / (5 * MINUTE)
        assert scene.recorder.dropped == scene.writes
        refused.count = 0
        scene.recorder.emit(AGENT_SET, FAULT, "at last")
        await asyncio.sleep(6 * MINUTE)
        assert scene.told() == [("at last", 361)]

    with caplog.at_level(logging.WARNING, logger="esddns"):
        run(scenario)
    assert [entry.levelname for entry in caplog.records] == ["WARNING"]


def test_a_namespace_that_is_gone() -> None:
    """What regards an object whose namespace is gone is dropped, and keeps nobody else's back."""

    async def scenario(scene: Scene) -> None:
        scene.recorder.emit(record("home", "gone"), FAULT, "lost")
        scene.recorder.emit(record("home"), FAULT, "kept")
        await asyncio.sleep(0.1)
        assert scene.told() == [("kept", 1)]
        assert scene.recorder.dropped == 1

    run(scenario)


@pytest.mark.parametrize("silent", [False, True])
def test_the_api_server_is_away(silent: bool) -> None:
    """What lasted through an outage is told afterwards, in one Event with the newest message."""

    async def scenario(scene: Scene) -> None:
        scene.model.outage(silent=silent)
        emitted = await scene.emit_for(HOUR, every=30)
        assert scene.writes < 180  # a backoff of 30 s on average
        scene.model.recover()
        await asyncio.sleep(2 * MINUTE)
        assert scene.told() == [("no. 120", emitted)]
        assert scene.recorder.dropped == 0
        scene.model.faults.append(Fault(status=500))
        scene.recorder.emit(record("other"), FAULT, "soon")
        await asyncio.sleep(3)
        assert scene.told()[-1] == ("soon", 1)

    run(scenario)


def test_news_of_an_outage() -> None:
    """Changes during a short outage are all told after it."""

    async def scenario(scene: Scene) -> None:
        scene.model.outage()
        await scene.emit_for(3 * MINUTE, every=MINUTE, reason=CHANGE)
        scene.model.recover()
        await asyncio.sleep(2 * MINUTE)
        assert scene.told() == [("no. 1", 1), ("no. 2", 1), ("no. 3", 1)]

    run(scenario)


def test_what_is_old_is_dropped() -> None:
    """What could not be written for ten minutes is no news any more, and is not told afterwards."""

    async def scenario(scene: Scene) -> None:
        scene.model.outage()
        scene.recorder.emit(AGENT_SET, FAULT, "long ago")
        await asyncio.sleep(15 * MINUTE)
        scene.model.recover()
        await asyncio.sleep(HOUR)
        assert scene.told() == []
        assert scene.recorder.dropped == 1

    run(scenario)


def test_the_answer_is_lost() -> None:
    """Where the answer to a write is lost, the Event is told once all the same, with the newest message."""

    async def scenario(scene: Scene) -> None:
        scene.model.faults.append(Fault(hang=True, applied=True))
        scene.recorder.emit(AGENT_SET, FAULT, "first")
        await asyncio.sleep(1)
        assert scene.told() == [("first", 1)]
        scene.recorder.emit(AGENT_SET, FAULT, "second")
        await asyncio.sleep(MINUTE)
        assert scene.told() == [("second", 2)]

    run(scenario)


def test_a_write_counts_however_often_it_was_tried() -> None:
    """A write that took several attempts uses the allowance up as one, no less and no more."""

    async def scenario(scene: Scene) -> None:
        await scene.emit_for(BURST, every=1, reason=CHANGE)
        scene.model.faults.append(Fault(status=500, verb="patch", count=3))
        scene.recorder.emit(AGENT_SET, CHANGE, "counted")
        await asyncio.sleep(6 * MINUTE)
        assert len(scene.told()) == BURST
        assert scene.told()[-1] == ("counted", 2)
        scene.recorder.emit(AGENT_SET, CHANGE, "too soon")
        await asyncio.sleep(1)
        assert len(scene.told()) == BURST
        await asyncio.sleep(30 * MINUTE)
        await scene.emit_for(BURST, every=1, reason=CHANGE)
        assert len(scene.told()) == 2 * BURST

    run(scenario)


def test_it_changed_while_it_was_written() -> None:
    """What is emitted while the one before is being written is told after the pause."""

    async def scenario(scene: Scene) -> None:
        scene.model.everyone.latency_to = 2.0
        scene.recorder.emit(AGENT_SET, FAULT, "first")
        await asyncio.sleep(1)
        scene.recorder.emit(AGENT_SET, FAULT, "second")
        await asyncio.sleep(4 * MINUTE)
        assert scene.told() == [("first", 1)]
        await asyncio.sleep(2 * MINUTE)
        assert scene.told() == [("second", 2)]

    run(scenario)


def test_one_failure_keeps_no_other_back() -> None:
    """An Event that the API server fails over goes behind the others, and is written when it can be."""

    async def scenario(scene: Scene) -> None:
        scene.model.everyone.latency_to = 0.1
        scene.model.faults.append(Fault(status=503))
        for name in ("a", "b", "c"):
            scene.recorder.emit(record(name), FAULT, name)
        await asyncio.sleep(5)
        assert scene.told() == [("b", 1), ("c", 1), ("a", 1)]

    run(scenario)


def test_one_attempt_at_a_time() -> None:
    """However many wait and however slow the API server, one request is under way at a time."""
    under_way: list[int] = [0]

    class Counting(ModelCluster):
        async def _ask(self, request: Any) -> Any:
            under_way.append(sum(under_way[-1:]) + 1)
            try:
                return await super()._ask(request)
            finally:
                under_way.append(under_way[-1] - 1)

    async def main() -> None:
        model = ApiServerModel(virtual_now)
        async with at_work(Site(model, Counting(model, AGENT, NAMESPACE))) as scene:
            model.everyone.latency_to = 4.0
            for number in range(100):
                scene.recorder.emit(record(number), FAULT, "slow")
            await asyncio.sleep(10 * MINUTE)
            assert scene.writes > 50
        assert max(under_way) == 1

    run_virtual(main())


def test_what_is_remembered_is_bounded() -> None:
    """Of a thousand objects the 512 that were last heard of are remembered; what is dropped is counted."""

    async def scenario(scene: Scene) -> None:
        for number in range(1000):
            scene.recorder.emit(record(number), FAULT, f"no. {number}")
            scene.recorder.emit(record(0), FAULT, "often")
        assert len(scene.recorder._topics) == 512
        assert scene.recorder.dropped == 488
        await asyncio.sleep(0.1)
        assert scene.writes == 25
        assert scene.recorder._topics.keys() >= {(record(n), FAULT) for n in (0, 489, 999)}

    run(scenario)


def test_nobody_writes() -> None:
    """Where nothing runs that would write, what is emitted takes no more room than a burst."""

    async def main() -> None:
        async with model_site() as site:
            recorder = recorder_of(site)
            for number in range(100):
                recorder.emit(AGENT_SET, CHANGE, f"no. {number}")
                await asyncio.sleep(6 * MINUTE)
            (topic,) = recorder._topics.values()
            assert len(topic.series) == BURST

    run_virtual(main())


def test_thousands_of_objects() -> None:
    """Two new objects a second for an hour cost 25 requests and one each 10 s; none is told long after."""

    async def scenario(scene: Scene) -> None:
        for number in range(7200):
            scene.recorder.emit(record(number), FAULT, f"no. {number}")
            await asyncio.sleep(0.5)
        assert 25 + HOUR / 10 - 1 <= scene.writes <= 25 + HOUR / 10
        assert scene.recorder.dropped >= 7200 - scene.writes - 512
        await asyncio.sleep(HOUR)
        assert len(scene.told()) == scene.writes <= 25 + (HOUR + 11 * MINUTE) / 10

    run(scenario)


def test_forgotten_while_it_is_written() -> None:
    """A topic that has to give way while its Event is being written breaks nothing."""

    async def scenario(scene: Scene) -> None:
        scene.model.everyone.latency_to = 2.0
        scene.recorder.emit(record("first"), FAULT, "first")
        await asyncio.sleep(1)
        for number in range(512):
            scene.recorder.emit(record(number), FAULT, "pushes")
        await asyncio.sleep(2)
        assert scene.told()[0] == ("first", 1)

    run(scenario)


@pytest.mark.parametrize("waiting", [False, True])
def test_it_ends_when_it_is_cancelled(waiting: bool) -> None:
    """When cancelled it ends at once, idle or with a request that gets no answer."""

    async def scenario() -> None:
        async with model_site() as site:
            site.model.outage(silent=True)
            recorder = recorder_of(site)
            running = asyncio.create_task(recorder.run())
            await asyncio.sleep(1)
            if waiting:
                recorder.emit(AGENT_SET, FAULT, "anything")
                await asyncio.sleep(1)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert asyncio.get_running_loop().time() == 1 + waiting

    run_virtual(scenario())


def test_what_the_role_must_allow() -> None:
    """Events are created and patched, and nothing else is asked of the API server."""

    async def main() -> None:
        model = ApiServerModel(virtual_now)
        cluster = RecordingCluster(ModelCluster(model, AGENT, NAMESPACE))
        async with at_work(Site(model, cluster)) as scene:
            await scene.emit_for(HOUR, every=30)
        assert {rule[:3] for rule in cluster.rules} == {
            ("create", "", "events"),
            ("patch", "", "events"),
        }

    run_virtual(main())


def test_long_names_and_messages() -> None:
    """Whatever its object's name and its message are, the API server takes the Event."""

    async def scenario(scene: Scene) -> None:
        name = f"{'a' * 235}.{'b' * 17}"
        scene.recorder.emit(record(name), FAULT, "x" * 5000)
        await asyncio.sleep(0.1)
        found = the_event(scene.model)
        assert found["involvedObject"]["name"] == name
        assert len(found["message"]) == 1024

    run(scenario)


def test_names_are_nobody_elses() -> None:
    """Two pods that tell the same of the same object at the same time make two Events."""

    async def main() -> None:
        async with model_site() as site:
            pods = [recorder_of(site, pod) for pod in "ab"]
            running = [asyncio.create_task(pod.run()) for pod in pods]
            for pod in pods:
                pod.emit(AGENT_SET, FAULT, "both")
            await asyncio.sleep(1)
            assert len(site.model.store.select(EVENTS, NAMESPACE)) == 2
            for task in running:
                task.cancel()
            await asyncio.wait(running)

    run_virtual(main())


def test_reasons() -> None:
    """What should happen is Normal, all else a Warning."""
    assert {reason for reason in Reason if reason.normal} == {
        "AddressChanged",
        "RecordUpdated",
        "LeaderElected",
        "RecordAdopted",
        "RecordDeleted",
        "ConfigurationLoaded",
    }
    assert len(Reason) == 19


pauses = st.sampled_from([0.0, 1.0, 7.3, 100.0, 299.9, 300.0, 301.0, 900.0])
emissions = st.lists(st.tuples(st.sampled_from("abc"), pauses, st.booleans()), max_size=60)


@settings(max_examples=200)
@given(emissions, st.sampled_from([FAULT, CHANGE]))
def test_bounds_whatever_comes(what: list[tuple[str, float, bool]], reason: Reason) -> None:
    """Whatever is emitted when, no more is written than is allowed, and the latest message is told."""

    async def scenario(scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        version = scene.model.store.version
        for message, pause, outage in what:
            if outage:
                scene.model.outage()
            scene.recorder.emit(AGENT_SET, reason, message)
            await asyncio.sleep(pause)
            scene.model.recover()
        if what:
            scene.recorder.emit(AGENT_SET, reason, "the last")
        await asyncio.sleep(7 * MINUTE)
        burst = BURST if reason.normal else 1
        assert scene.model.store.version - version <= burst + loop.time() / (5 * MINUTE)
        assert not what or "the last" in dict(scene.told())

    run(scenario)
