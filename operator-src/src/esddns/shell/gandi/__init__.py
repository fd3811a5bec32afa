"""Gandi LiveDNS."""
