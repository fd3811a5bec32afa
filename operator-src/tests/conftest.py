"""Signals as a terminal has them: what nohup or a shell's background ignores, every child would, too."""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
