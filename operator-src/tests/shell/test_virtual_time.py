"""The tests' own clock."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from virtual_time import DeadlockError, LimitError, run_virtual


def test_time_jumps() -> None:
    """A day passes at once, timers come in their order, and exactly when they are due."""

    async def day() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []

        async def nap(seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append(loop.time())

        await asyncio.gather(*(nap(n) for n in (86400, 0.001, 3600, 0)))
        return seen

    started = time.monotonic()
    assert run_virtual(day()) == pytest.approx([0, 0.001, 3600, 86400])
    assert time.monotonic() - started < 5


def test_a_deadlock_is_told() -> None:
    """Waiting for what nobody does fails, and says who waits where."""

    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"waiting: .*test_virtual_time\.py"):
        run_virtual(stuck())


def test_the_limit() -> None:
    """A scenario that does not end fails at its limit, and what it holds is given back."""
    ended = []

    async def for_ever() -> None:
        try:
            await asyncio.sleep(11)
        finally:
            await asyncio.sleep(5)
            ended.append(True)

    with pytest.raises(LimitError, match="not done after 10 virtual s"):
        run_virtual(for_ever(), limit=10)
    assert ended == [True]


def test_time_stands_still_while_threads_work() -> None:
    """A thread's work takes no virtual time, and a timer does not overtake it."""

    async def both() -> tuple[str, float]:
        async with asyncio.timeout(0.001):
            # A thread that takes longer than the timer has.
            await asyncio.to_thread(threading_wait)
        return "done", asyncio.get_running_loop().time()

    assert run_virtual(both()) == ("done", 0.0)


def threading_wait() -> None:
    """Take some real time: a wait for what does not come."""
    threading.Event().wait(0.02)


def test_sockets_work() -> None:
    """Two ends in one loop talk without time passing."""

    async def talk() -> float:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(4))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"ping")
        async with asyncio.timeout(3600):
            assert await reader.read() == b"ping"
        writer.close()
        server.close()
        await server.wait_closed()
        return asyncio.get_running_loop().time()

    assert run_virtual(talk()) < 3600
