"""What to do, decided by pure functions over frozen dataclasses. No I/O."""
