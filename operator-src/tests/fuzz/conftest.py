"""How many inputs each test here gets: a hundred, always the same ones, or as many as are asked for.

`ESDDNS_FUZZ=20000 pytest tests/fuzz` looks further. It begins elsewhere each time, keeps what failed in
`.hypothesis` and tries that first the next time, and prints the line that plays a failure again.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

_VARIABLE = "ESDDNS_FUZZ"
_FIXED = 100  # inputs for each test of `make test`
_INPUTS = os.environ.get(_VARIABLE, "")
_PROFILE = "fuzz" if _INPUTS else "fixed"
_REMEMBERED = Path(__file__).parents[2] / ".hypothesis" / "examples"

# The rest is as for all tests: how long one input may take is judged by test_fuzz_size, on the largest.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "fixed",
    max_examples=_FIXED,
    derandomize=True,
    database=None,
    suppress_health_check=_SLOW,
)
if _INPUTS:
    settings.register_profile(
        "fuzz",
        max_examples=int(_INPUTS),
        derandomize=False,
        database=DirectoryBasedExampleDatabase(_REMEMBERED),
        print_blob=True,
        suppress_health_check=_SLOW,
    )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A test takes the profile that stands while its module is imported: this one, in this folder alone."""
    before = settings.get_current_profile_name()
    settings.load_profile(_PROFILE)
    try:
        return (yield)
    finally:
        settings.load_profile(before)


def pytest_report_header() -> str:
    """Say how far this run looks."""
    return f"fuzz: {_INPUTS or _FIXED} inputs a test ({_VARIABLE}=… for more)"
