"""Who may call the API: tokens that can be granted and revoked while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is good for: the zones named, or with None all of the account."""

    zones: frozenset[str] | None = None

    def covers(self, zone: str) -> bool:
        """Whether the token may be used for a zone (facts: a token can be limited to some domains)."""
        return self.zones is None or zone in self.zones


class Credentials:
    """Personal access tokens (`Authorization: Bearer …`) and legacy keys (`Authorization: Apikey …`).

    A token is no key and a key is no token: one given in the other's scheme is refused.
    """

    def __init__(self, tokens: Iterable[str] = (), apikeys: Iterable[str] = ()) -> None:
        self._grants: dict[tuple[str, str], Grant] = {}
        self.replace(tokens, apikeys)

    def grant(
        self, token: str, *, zones: Iterable[str] | None = None, scheme: str = "Bearer"
    ) -> None:
        """Make a token valid, for some zones or for all."""
        limits = None if zones is None else frozenset(zone.lower().rstrip(".") for zone in zones)
        self._grants[scheme.lower(), token] = Grant(limits)

    def revoke(self, token: str) -> None:
        """Make a token, or key, invalid from now on; no error where it was not valid."""
        for key in [key for key in self._grants if key[1] == token]:
            del self._grants[key]

    def replace(self, tokens: Iterable[str], apikeys: Iterable[str] = ()) -> None:
        """Make these the only valid ones, each for all zones."""
        self._grants.clear()
        for token in tokens:
            self.grant(token)
        for apikey in apikeys:
            self.grant(apikey, scheme="Apikey")

    def check(self, authorization: str) -> Grant | None:
        """Return what an Authorization header grants, None for a wrong or expired one."""
        scheme, _, secret = authorization.partition(" ")
        return self._grants.get((scheme.lower(), secret.strip()))
