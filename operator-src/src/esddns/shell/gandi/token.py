"""The token: read from its file or the environment, and kept out of everything that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from esddns.core.errors import CredentialMissingError

VARIABLE = "GANDI_API_KEY"
MASK = "<token>"
_SHORTEST = 8  # anything shorter is no token, and masking it would mangle messages


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it came from. `version` grows with each change, so that nobody compares secrets."""

    secret: str = field(repr=False)
    origin: str
    version: int


class TokenSource:
    """Gives the token as it is now: `GANDI_API_KEY` where set, else the file, read again when it changes."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._variable = environ.get(VARIABLE, "").strip()
        self._seen = ""
        self._version = 0

    def read(self) -> Token:
        """Give the token. Raises CredentialMissingError that says where it was looked for, and why not.

        The file is read every time: it is a few bytes, and a kubelet swaps it by a link, so its
        modification time says nothing.
        """
        if self._variable:
            return self._checked(self._variable, VARIABLE)
        try:
            text = self._file.read_text("ascii").strip()
        except FileNotFoundError:
            raise CredentialMissingError(
                f"no token: {self._file} does not exist and {VARIABLE} is not set; write a Gandi "
                f"personal access token there"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialMissingError(
                f"no token: {self._file} cannot be read ({_plainly(error)})"
            ) from None
        if not text:
            raise CredentialMissingError(f"no token: {self._file} is empty")
        return self._checked(text, str(self._file))

    @property
    def version(self) -> int:
        """The version of the token as it is now; 0 while there is none."""
        try:
            return self.read().version
        except CredentialMissingError:
            return 0

    def mask(self, text: str) -> str:
        """Take the token out of a text that came from elsewhere."""
        if len(self._seen) >= _SHORTEST:
            text = text.replace(self._seen, MASK)
        return text

    def _checked(self, secret: str, origin: str) -> Token:
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise CredentialMissingError(
                f"no token: what {origin} holds is no token (it has white space or characters that "
                f"cannot be sent in a header); it should hold one line with the token alone"
            )
        if secret != self._seen:
            self._seen = secret
            self._version += 1
        return Token(secret, origin, self._version)


def _plainly(error: Exception) -> str:
    # A UnicodeDecodeError's text quotes the bytes that it stumbled over: part of a secret.
    return str(error.strerror) if isinstance(error, OSError) else "it is not plain text"
