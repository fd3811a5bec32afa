"""Servers of Debian's packages, each on a free port of its own with a configuration of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

START = 10.0  # seconds within which a server must be up
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

TURNSERVER = shutil.which("turnserver", path=_PATH)
KNOTD = shutil.which("knotd", path=_PATH)

needs_coturn = pytest.mark.skipif(TURNSERVER is None, reason="coturn is not installed")
needs_knot = pytest.mark.skipif(KNOTD is None, reason="knot is not installed")


def free_port(host: str = "127.0.0.1") -> int:
    """Give a port that is free for UDP and TCP alike."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError):
                udp.bind((host, port))
                return port


@contextlib.asynccontextmanager
async def running(*command: str, up: bytes, cwd: Path) -> AsyncIterator[None]:
    """Run a server from when it prints `up` until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout
    printed = b""
    try:
        async with asyncio.timeout(START):
            while up not in printed:
                line = await process.stdout.readline()
                assert line, f"{command[0]} ended: {printed.decode()}"
                printed += line
        reading = asyncio.create_task(process.stdout.read())  # or it would block on a full pipe
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
    await reading


@contextlib.asynccontextmanager
async def coturn(host: str, place: Path) -> AsyncIterator[int]:
    """Run coturn as a STUN server on `host` and give its port."""
    assert TURNSERVER
    port = free_port()
    command = f"{TURNSERVER} -n -v --stun-only --no-tls --no-dtls --no-cli --log-file stdout"
    options = ["--listening-ip", host, "--listening-port", str(port), "--userdb", "turndb"]
    up = b"UDP listener opened on: "
    async with running(
        *command.split(), *options, "--pidfile", str(place / "pid"), up=up, cwd=place
    ):
        yield port


@contextlib.asynccontextmanager
async def knot(hosts: list[str], zone: str, place: Path) -> AsyncIterator[int]:
    """Run knot as the authority of wan.test, with `zone` as its file, and give its port."""
    assert KNOTD
    port = free_port()
    (place / "wan.test.zone").write_text(zone)
    (place / "knot.conf").write_text(
        f"""\
server:
    rundir: "{place}"
    listen: [ {", ".join(f"{host}@{port}" for host in hosts)} ]
database:
    storage: "{place}/db"
log:
  - target: stderr
    any: info
zone:
  - domain: wan.test
    storage: "{place}"
    file: "wan.test.zone"
"""
    )
    config = str(place / "knot.conf")
    async with running(KNOTD, "-c", config, up=b"server started", cwd=place):
        yield port
