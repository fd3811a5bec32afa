"""Gandi LiveDNS, its authoritative servers and address echoes on loopback, with faults.

The model has no sockets and no loop: `World` holds the state, `LiveDNS`, `Authority`, `Reflector` and
`Control` answer from it, synchronously and by a clock that is handed in. `Simulator` puts it on ports:

    async with Simulator({"example.com": {"home/A": "192.0.2.1"}}, token="secret") as sim:
        sim.world.set_wan(ipv4="198.51.100.7")
        sim.world.behave("ipify", Behaviour("dead"))
        sim.world.faults.add(ApiFault("rate-limit", count=2, retry_after=30))
        ...  # sim.api_url, sim.dns_address, sim.echo("ipify").url, sim.control_url
        assert len(sim.calls(kind="api", method="PUT", status=201)) == 1

`python -m esddns_simulator --help` is the same as a process; `esddns_simulator.control` its remote control.
"""

from esddns_simulator.authority import Answer, Authority
from esddns_simulator.calls import Call, CallLog
from esddns_simulator.clock import ManualClock
from esddns_simulator.control import Control
from esddns_simulator.credentials import Credentials
from esddns_simulator.echo import DEFAULT_ECHOES, Behaviour, Echo
from esddns_simulator.faults import ApiFault, DnsFault, Faults
from esddns_simulator.livedns import LiveDNS
from esddns_simulator.reflect import Reflector
from esddns_simulator.response import Delivery, Response
from esddns_simulator.simulator import Endpoint, Simulator
from esddns_simulator.state import Wan
from esddns_simulator.world import DEFAULT_NAMESERVERS, DEFAULT_TOKEN, DEFAULT_WAN, World
from esddns_simulator.zone import Records, RejectedRRsetError, RRset, Zone

__all__ = [
    "DEFAULT_ECHOES",
    "DEFAULT_NAMESERVERS",
    "DEFAULT_TOKEN",
    "DEFAULT_WAN",
    "Answer",
    "ApiFault",
    "Authority",
    "Behaviour",
    "Call",
    "CallLog",
    "Control",
    "Credentials",
    "Delivery",
    "DnsFault",
    "Echo",
    "Endpoint",
    "Faults",
    "LiveDNS",
    "ManualClock",
    "RRset",
    "Records",
    "Reflector",
    "RejectedRRsetError",
    "Response",
    "Simulator",
    "Wan",
    "World",
    "Zone",
]
