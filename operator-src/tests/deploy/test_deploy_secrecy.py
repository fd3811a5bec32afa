"""The token shows nowhere, and no file stays. Every run of every test here looks for it; these try harder."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from deploy.deploy_site import PINNED, TOKEN, DeploySite


async def test_traced(site: DeploySite) -> None:
    """`bash -x` does not show it."""
    done = await site.deploy("production", "--image", PINNED, through=("bash", "-x"))
    assert done.code == 0


async def test_curl_configuration(site: DeploySite) -> None:
    """A ~/.curlrc that traces every call is not read."""
    trace = site.folder / "trace"
    (site.folder / ".curlrc").write_text(f'trace-ascii = "{trace}"\n')
    assert (await site.deploy("production", "--image", PINNED)).code == 0
    assert not trace.exists()


async def test_a_tool_that_repeats_it(site: DeploySite) -> None:
    """Should a tool show it in an error, it is masked."""
    kubectl = site.path / "kubectl"
    kubectl.write_text(
        kubectl.read_text().replace(
            "exec ", f'[ "$1" != apply ] || {{ echo {TOKEN}; exit 1; }}\nexec '
        )
    )
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 1
    assert "***" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_interrupted(site: DeploySite, number: signal.Signals) -> None:
    """Stopped in the middle, it leaves no file behind."""
    fifo = site.folder / "fifo"
    os.mkfifo(fifo)
    site.traits(hang=str(fifo))
    process = await site.start(str(site.repository / "deploy.sh"), "production", "--image", PINNED)
    assert await asyncio.to_thread(Path.read_text, fifo) == "waiting"
    assert list(site.temporary.iterdir())
    os.killpg(process.pid, number)
    assert (await site.finish(process)).code != 0


async def test_folder_is_private(site: DeploySite) -> None:
    """What is put on disk meanwhile is for nobody else to read or to change."""
    fifo = site.folder / "fifo"
    os.mkfifo(fifo)
    site.traits(hang=str(fifo))
    process = await site.start(str(site.repository / "deploy.sh"), "production", "--image", PINNED)
    await asyncio.to_thread(Path.read_text, fifo)
    (folder,) = site.temporary.iterdir()
    modes = {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert (folder.stat().st_mode & 0o777, modes) == (0o700, {0o600})
    os.killpg(process.pid, signal.SIGTERM)
    await site.finish(process)
