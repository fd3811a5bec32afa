"""What holds for all tests: signals as a terminal has them, and no test that a busy machine fails.

What nohup or a shell's background ignores, every child would, too.
"""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long one input may take is judged by fuzz/test_fuzz_size, on the largest.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
