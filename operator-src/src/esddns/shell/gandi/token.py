"""The token: read from its file or the environment, and kept out of everything that is shown."""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from esddns.core.errors import CredentialMissingError

VARIABLE = "GANDI_API_KEY"
MASK = "<token>"
_SHORTEST = 8  # anything shorter is no token, and masking it would mangle messages
# Set in every pod, https://kubernetes.io/docs/concepts/containers/container-environment/
_CLUSTER = "KUBERNETES_SERVICE_HOST"
_ELSEWHERE = "write a Gandi personal access token there"
_OBJECT = "the Secret esddns-gandi-credentials"
_IN_A_CLUSTER = (
    f"put a Gandi personal access token into {_OBJECT} as its key api-key: the kubelet brings it there "
    f"within two minutes"
)
# Tokens that are still masked: an answer to a call made with the one before may come after a change.
_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it came from. `version` grows with each change, so that nobody compares secrets."""

    secret: str = field(repr=False)
    origin: str
    version: int


class TokenSource:
    """Gives the token as it is now: `GANDI_API_KEY` where set, else the file, read again when it changes.

    May be used from several threads.
    """

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._variable = environ.get(VARIABLE, "").strip()
        in_cluster = _CLUSTER in environ
        self._remedy = _IN_A_CLUSTER if in_cluster else _ELSEWHERE
        self.place = VARIABLE if self._variable else _OBJECT if in_cluster else str(file)
        """Where a person puts another token."""
        self._lock = threading.Lock()
        self._seen = ""
        self._version = 0
        self._masked: deque[tuple[str, ...]] = deque(maxlen=_REMEMBERED)

    def read(self) -> Token:
        """Give the token. Raises CredentialMissingError that says where it was looked for, and why not."""
        found = self._look()
        if isinstance(found, str):
            raise CredentialMissingError(f"no token: {found}")
        return found

    @property
    def version(self) -> int:
        """The version of the token as it is now; 0 while there is none."""
        found = self._look()
        return 0 if isinstance(found, str) else found.version

    def mask(self, text: str) -> str:
        """Take the token out of a text that came from elsewhere: whole texts only, not what was cut."""
        with self._lock:
            forms = [form for of_one in self._masked for form in of_one]
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def _look(self) -> Token | str:
        """The token, or why there is none: no error is raised where a secret is at hand.

        The file is read every time: it is a few bytes, and a kubelet swaps it by a link, so its
        modification time says nothing.
        """
        if self._variable:
            return self._checked(self._variable, VARIABLE)
        try:
            data = self._file.read_bytes().strip()
        except FileNotFoundError:
            return f"{self._file} does not exist and {VARIABLE} is not set; {self._remedy}"
        except OSError as error:
            return f"{self._file} cannot be read ({error.strerror})"
        if not data.isascii():
            return (
                f"{self._file} cannot be read (it is not plain text); it should hold one line with "
                f"the token alone"
            )
        if not data:
            return f"{self._file} is empty; {self._remedy}"
        return self._checked(data.decode("ascii"), str(self._file))

    def _checked(self, secret: str, origin: str) -> Token | str:
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            return (
                f"what {origin} holds is no token (it has white space or characters that cannot be "
                f"sent in a header); it should hold one line with the token alone"
            )
        with self._lock:
            if secret != self._seen:
                self._seen = secret
                self._version += 1
                if len(secret) >= _SHORTEST:
                    self._masked.append(_forms(secret))
            return Token(secret, origin, self._version)


def _forms(secret: str) -> tuple[str, ...]:
    """How a secret may come back: as it is, in JSON, in a URL, and in Base64 at each of its offsets."""
    coded = set()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret.encode()).decode()
        # Without the characters that depend on what stands before and after.
        coded.add(text[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6])
    in_url = (quote(secret), quote(secret, safe=""))
    return tuple({secret, json.dumps(secret)[1:-1], *in_url, *coded})
