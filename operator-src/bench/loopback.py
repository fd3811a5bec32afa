"""The simulator as a process of its own, and a dns.ini that points `esddns` there.

Not in this process: what it costs would be counted as ours, and its loop would hold up the one measured.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from process import line, started

BIN = Path(sys.executable).parent
ESDDNS = BIN / "esddns"

_TOKEN = "bench-token-of-the-simulator"  # noqa: S105  # opens nothing
_RECORD = "home.example.com"
_TIMEOUT = 5.0  # seconds for the simulator's control API
_QUESTIONS = {
    "cloudflare": "whoami.cloudflare TXT CH",
    "opendns": "myip.opendns.com A",
    "google": "o-o.myaddr.l.google.com TXT",
}
_SOURCES = ("ipify", "icanhazip", "identme", "amazonaws", *_QUESTIONS, "stun")


@dataclass(frozen=True, slots=True)
class Loopback:
    """The running simulator. `config`: a dns.ini with all intervals left at their defaults.

    `config_without_records`: the same, where the records come from a cluster.
    """

    config: Path
    config_without_records: Path
    folder: Path
    control_url: str

    @property
    def arguments(self) -> list[str]:
        """The options that have a command use this site."""
        state = str(self.folder / "state")
        return ["--config", str(self.config), "--state-dir", state, "--log-level", "warning"]

    def change_wan(self, ipv4: str) -> None:
        """Give the site another address."""
        requests.put(
            f"{self.control_url}/wan", json={"ipv4": ipv4}, timeout=_TIMEOUT
        ).raise_for_status()

    def take_api_calls(self) -> int:
        """Count the calls that Gandi's API got since this was asked last."""
        calls = f"{self.control_url}/calls"
        reply = requests.get(calls, params={"kind": "api"}, timeout=_TIMEOUT)
        reply.raise_for_status()
        requests.delete(calls, timeout=_TIMEOUT).raise_for_status()
        return len(reply.json())


@contextlib.contextmanager
def loopback() -> Iterator[Loopback]:
    """Start the simulator, and end it again. Raises RuntimeError where it does not start."""
    command: list[str | Path] = [
        BIN / "esddns-simulator",
        "--zone",
        "example.com",
        "--token",
        _TOKEN,
    ]
    with (
        TemporaryDirectory(prefix="esddns-bench-") as name,
        started(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        said = json.loads(line(process))
        folder = Path(name)
        (folder / "api-key").write_text(_TOKEN)
        config, without_records = folder / "dns.ini", folder / "without-records.ini"
        without_records.write_text(_dns_ini(said))
        config.write_text(f"{_dns_ini(said)}\n[record:{_RECORD}]\nzone = example.com\n")
        yield Loopback(config, without_records, folder, said["control_url"])


def _dns_ini(said: Mapping[str, Any]) -> str:
    sources = "\n".join(_source(name, said["echoes"][name]) for name in _SOURCES)
    return f"""\
[gandi]
url = {said["api_url"]}
token-file = api-key
[detection]
accept-networks = 192.0.2.0/24, 198.51.100.0/24
sources = {", ".join(_SOURCES)}
[dns]
servers = {said["dns"]["host"]}:{said["dns"]["port"]}
{sources}
"""


def _source(name: str, echo: Mapping[str, Any]) -> str:
    at = f"{echo['host']}:{echo['port']}"
    where = {"http": echo["url"], "dns": f"{at} {_QUESTIONS.get(name)}", "stun": at}[echo["kind"]]
    return f"[source:{name}]\noperator = {name}\nkind = {echo['kind']}\nipv4 = {where}"
