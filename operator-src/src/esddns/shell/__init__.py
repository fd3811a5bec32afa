"""Doing it: HTTP, DNS, STUN, Gandi, files, metrics."""
