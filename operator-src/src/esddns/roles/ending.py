"""Ending a process that has done its work, even where a thread hangs in the resolver.

`getaddrinfo` cannot be cut, and the interpreter waits for its thread: with a dead resolver half a minute.
"""

from __future__ import annotations

import os
import sys
import threading

_SECONDS = 0.4


def end_soon(code: int) -> None:
    """End the process with `code` soon, unless the interpreter ends by itself before: all is done."""
    sys.stdout.flush()
    sys.stderr.flush()
    timer = threading.Timer(_SECONDS, os._exit, (code,))
    timer.daemon = True
    timer.start()
