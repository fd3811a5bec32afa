"""Address echoes: services that tell a client which address it comes from, and how they misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, get_args

IPAddress = IPv4Address | IPv6Address
Family = Literal[4, 6]
EchoKind = Literal["http", "dns", "stun"]
Mode = Literal[
    "honest",
    "lie",  # tells `address`
    "dead",  # takes the question and never answers
    "refuse",  # HTTP 403, DNS REFUSED, STUN error 403
    "html",  # HTTP only, as the three below: a web page with status 200
    "huge",  # a body of 50 MB
    "drip",  # the answer byte by byte, `pause` seconds before each
    "redirect",  # 302 to `to`
]
_EVERY_KIND = frozenset({"honest", "lie", "dead", "refuse"})


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo. It tells the address of `family`, or with None that of the family it is asked over."""

    name: str
    kind: EchoKind
    family: Family | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(EchoKind):
            raise ValueError(
                f"echo {self.name}: kind {self.kind!r} is unknown: one of {', '.join(get_args(EchoKind))}"
            )


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How an echo behaves: see `Mode`. `mapped_only`: a STUN echo sends MAPPED-ADDRESS, not the XOR form."""

    mode: Mode = "honest"
    address: IPAddress | None = None
    pause: float = 1.0
    to: str = "http://elsewhere.invalid/"
    mapped_only: bool = False

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode {self.mode!r} is unknown: one of {', '.join(get_args(Mode))}")
        if self.mode == "lie" and self.address is None:
            raise ValueError("mode lie: say which address")

    def check(self, echo: Echo) -> None:
        """Raise ValueError where an echo of this kind cannot behave so."""
        if echo.kind != "http" and self.mode not in _EVERY_KIND:
            raise ValueError(
                f"echo {echo.name} speaks {echo.kind}: mode {self.mode!r} is for HTTP echoes only"
            )


DEFAULT_ECHOES = (
    Echo("ipify", "http"),
    Echo("icanhazip", "http"),
    Echo("identme", "http"),
    Echo("amazonaws", "http"),
    Echo("ipify6", "http", 6),
    Echo("icanhazip6", "http", 6),
    Echo("identme6", "http", 6),
    Echo("cloudflare", "dns"),
    Echo("opendns", "dns"),
    Echo("google", "dns"),
    Echo("stun", "stun"),
    Echo("stun6", "stun", 6),
)
"""Named after public services; those with a 6 tell the IPv6 address whatever they are asked over."""
