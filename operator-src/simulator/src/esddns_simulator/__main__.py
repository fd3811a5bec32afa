"""`esddns-simulator`: the simulator as a process, for demos and for tests in other processes."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from esddns_simulator.echo import DEFAULT_ECHOES, Echo, EchoKind, Family
from esddns_simulator.simulator import Simulator
from esddns_simulator.state import Wan
from esddns_simulator.world import DEFAULT_NAMESERVERS, DEFAULT_TOKEN, DEFAULT_WAN

_FAMILIES: dict[str, Family | None] = {"": None, "4": 4, "6": 6}
_KINDS: dict[str, EchoKind] = {kind: kind for kind in get_args(EchoKind)}
_EPILOG = """\
When everything listens, one line of JSON on standard output says where:
  {"api_url": "http://127.0.0.1:…/v5/livedns", "control_url": "http://127.0.0.1:…/_sim",
   "dns": {"host": …, "port": …}, "echoes": {"ipify": {"kind": "http", "url": …}, …}}
SIGTERM or SIGINT ends it with status 0.

examples:
  esddns-simulator --zone example.com --token secret --api-port 8053 --dns-port 5353
  esddns-simulator --echo ipify=http@8001 --echo v6=http:6@8002 --echo stun=stun@3478
  curl -H 'Authorization: Bearer simulated-token' $API_URL/domains/example.com/records
  curl -X PUT $CONTROL_URL/wan -d '{"ipv4": "198.51.100.7"}'
  curl -X PUT $CONTROL_URL/echoes/ipify -d '{"mode": "lie", "address": "203.0.113.9"}'
  curl -X PUT $CONTROL_URL/faults/busy -d '{"on": "api", "kind": "rate-limit", "retry_after": 30}'

The control API is described in full by: python -m pydoc esddns_simulator.control
It asks for no credentials: listen elsewhere than on loopback only where the network is trusted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when stopped by a signal, exit 2 on wrong usage or a port that is taken."""
    parser = _parser()
    options = parser.parse_args(arguments)
    echoes = dict(options.echo) if options.echo else dict.fromkeys(DEFAULT_ECHOES, 0)
    try:
        simulator = Simulator(
            {zone: {} for zone in options.zone or ["example.com"]},
            token=options.token,
            apikey=options.apikey,
            wan=Wan.parse(options.wan_ipv4, options.wan_ipv6),
            echoes=echoes,
            nameservers=options.nameserver or DEFAULT_NAMESERVERS,
            listen=options.listen,
            ipv6=options.ipv6,
            api_port=options.api_port,
            dns_port=options.dns_port,
            echo_ports={echo.name: port for echo, port in echoes.items()},
            state_path=options.state,
            rate_limit=options.rate_limit,
        )
        asyncio.run(_serve(simulator))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return 0


async def _serve(simulator: Simulator) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulator:
        sys.stdout.write(json.dumps(simulator.describe()) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="esddns-simulator",
        description="Gandi LiveDNS, the name server of its zones and address echoes, here, with faults.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--zone",
        action="append",
        metavar="NAME",
        help="a zone of the account; repeatable (example.com)",
    )
    add("--token", default=DEFAULT_TOKEN, help="the valid personal access token (%(default)s)")
    add("--apikey", help="a valid legacy API key as well (none)")
    add(
        "--wan-ipv4",
        default=str(DEFAULT_WAN.ipv4),
        metavar="ADDRESS",
        help="'' for none (%(default)s)",
    )
    add(
        "--wan-ipv6",
        default=str(DEFAULT_WAN.ipv6),
        metavar="ADDRESS",
        help="'' for none (%(default)s)",
    )
    add("--listen", default="127.0.0.1", metavar="ADDRESS", help="address to bind (%(default)s)")
    add("--ipv6", action="store_true", help="bind ::1 as well, same ports")
    add(
        "--api-port", type=_port, default=0, metavar="PORT", help="API and control API (a free one)"
    )
    add(
        "--dns-port",
        type=_port,
        default=0,
        metavar="PORT",
        help="name server, UDP and TCP (a free one)",
    )
    add(
        "--echo",
        action="append",
        type=_echo,
        metavar="NAME=KIND[:FAMILY][@PORT]",
        help="an echo of kind http, dns or stun, which tells the address of family 4 or 6, or (left out) "
        "of that it is asked over; repeatable, replaces the usual set "
        f"({', '.join(echo.name for echo in DEFAULT_ECHOES)})",
    )
    add(
        "--nameserver",
        action="append",
        metavar="NAME",
        help="a name in the zones' NS RRset; repeatable (Gandi's)",
    )
    add(
        "--rate-limit",
        type=int,
        metavar="CALLS",
        help="answer 429 beyond so many calls a minute (no limit)",
    )
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep records and WAN in this JSON file (nowhere)",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004 - what 16 bits hold
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return port


def _echo(text: str) -> tuple[Echo, int]:
    name, _, rest = text.partition("=")
    rest, _, port = rest.partition("@")
    kind, _, family = rest.partition(":")
    if not name or kind not in _KINDS or family not in _FAMILIES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=KIND[:FAMILY][@PORT] with a KIND of http, dns, stun and a FAMILY of 4, 6"
        )
    return Echo(name, _KINDS[kind], _FAMILIES[family]), _port(port or "0")


if __name__ == "__main__":
    sys.exit(main())
