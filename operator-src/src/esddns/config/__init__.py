"""The configuration: dns.ini and its short forms, parsed and checked. No I/O but reading the file."""
