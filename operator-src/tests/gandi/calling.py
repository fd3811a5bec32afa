"""A client with a token file, and the calls that it can make."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from esddns.config.settings import GandiSettings
from esddns.core.model import RRset
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.token import TokenSource

TOKEN = "t0k3n-of-the-tests-9f8e7d6c5b4a"
ZONE = "example.com"
WANTED = RRset(frozenset({"192.0.2.7"}), 300)

# Every call, each as a function of the client.
CALLS: dict[str, Callable[[GandiClient], object]] = {
    "zones": lambda client: client.zones(),
    "zone_exists": lambda client: client.zone_exists(ZONE),
    "rrsets": lambda client: client.rrsets(ZONE, "home"),
    "put": lambda client: client.put(ZONE, "home", "A", WANTED),
    "delete": lambda client: client.delete(ZONE, "home", "A"),
}
READS = ("zones", "zone_exists", "rrsets")
WRITES = ("put", "delete")


def tokens(folder: Path, token: str = TOKEN) -> TokenSource:
    """A source whose file holds `token`."""
    file = folder / "api-key"
    file.write_text(f"{token}\n")
    return TokenSource(file, {})


@contextlib.contextmanager
def client(url: str, source: TokenSource, **settings: Any) -> Iterator[GandiClient]:
    """A client of the API at `url`, closed at the end. Keywords of GandiSettings, and `on_call`."""
    on_call = settings.pop("on_call", lambda _method, _status, _seconds: None)
    made = GandiClient(GandiSettings(url=url, **{"timeout": 2.0, **settings}), source, on_call)
    try:
        yield made
    finally:
        made.close()


def open_sockets() -> int:
    """The sockets that this process holds."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists the folder
            links.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in links)
