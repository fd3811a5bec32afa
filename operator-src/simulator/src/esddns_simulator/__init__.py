"""Gandi LiveDNS, its authoritative servers and address echoes on loopback, with faults."""
