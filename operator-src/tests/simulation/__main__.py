"""Prints the timeline of a seed."""

from __future__ import annotations

import sys

from simulation.run import simulate

for text in sys.argv[1:] or ["0"]:
    outcome = simulate(int(text))
    sys.stdout.write(f"{outcome.trace}\n\nseed {outcome.seed}: {outcome.facts}\n")
    sys.stdout.writelines(f"VIOLATION {violation}\n" for violation in outcome.violations)
