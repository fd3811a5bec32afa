"""One question to one agent, bounded in every way: it may be slow, sick, or somebody else."""

from __future__ import annotations

import asyncio

from esddns.core.agent_read import LARGEST
from esddns.shell.listening import written

_HEAD = 16 * 1024  # bytes of an answer's headers
_CHUNK = 64 * 1024
_OK = 200


class AskError(Exception):
    """There was no usable answer; says why."""


async def ask(host: str, port: int, path: str, seconds: float) -> bytes:
    """GET `path`; gives the body, of 1 MiB at most, within `seconds` in all. Raises AskError."""
    try:
        async with asyncio.timeout(seconds):
            answer = await _exchange(host, port, path)
    except TimeoutError:
        raise AskError(f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise AskError(f"cannot connect: {error.strerror or error}") from None
    head, end, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")
    if not end or not status[0].startswith(b"HTTP/1.") or not status[1:] or not status[1].isdigit():
        raise AskError("what answers is no HTTP server")
    if int(status[1]) != _OK:
        raise AskError(f"it answered with status {int(status[1])}")
    if len(body) > LARGEST:
        raise AskError(f"the answer is larger than {LARGEST} bytes")
    return body


async def _exchange(host: str, port: int, path: str) -> bytes:
    """Everything that comes, up to a little more than may be."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        # HTTP/1.0: the answer ends with the connection, and nothing comes in chunks.
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {written(host, port)}\r\n\r\n".encode("ascii"))
        answer = bytearray()
        while len(answer) <= LARGEST + _HEAD and (piece := await reader.read(_CHUNK)):
            answer += piece
        return bytes(answer)
    finally:
        writer.transport.abort()
