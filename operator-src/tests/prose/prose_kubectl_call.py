"""A command of kubectl taken apart: its verb, words and options, as far as the pages use them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_LONG = {
    "n": "namespace", "l": "selector", "o": "output", "f": "filename", "k": "kustomize", "p": "patch",
    "A": "all-namespaces", "w": "watch", "c": "container", "R": "recursive", "i": "stdin", "t": "tty",
}  # fmt: skip
_VALUED = {
    "namespace", "selector", "output", "filename", "kustomize", "patch", "type", "tail", "since", "for",
    "timeout", "field-selector", "from-file", "from-literal", "cert", "key", "context", "kubeconfig", "image",
    "container", "as", "subresource", "target", "sort-by", "address", "grace-period", "replicas", "raw",
    "to-revision", "docker-server", "docker-username", "docker-password", "profile",
}  # fmt: skip
_FLAGS = {
    "all-namespaces", "watch", "recursive", "stdin", "tty", "server-side", "force-conflicts", "overwrite",
    "all", "ignore-not-found", "prefix", "previous", "follow", "no-headers", "show-labels", "list",
    "timestamps", "show-managed-fields",
}  # fmt: skip
_OPTIONAL = {"wait", "dry-run", "cascade"}  # with a value behind = or none
_VERBS = {
    "get", "describe", "delete", "create", "apply", "diff", "logs", "exec", "port-forward", "patch",
    "rollout", "annotate", "label", "wait", "top", "kustomize", "debug", "auth", "scale", "edit", "version",
    "events", "config", "api-resources", "explain", "cluster-info",
}  # fmt: skip


class WrongError(Exception):
    """What is wrong with a command."""


@dataclass
class Call:
    """A command: `inner` is what stands behind `--`."""

    verb: str
    words: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    inner: tuple[str, ...] = ()

    def value(self, name: str, default: str = "") -> str:
        """The value of an option."""
        return self.options.get(name, [default])[-1]

    @property
    def namespace(self) -> str:
        """The one that is asked for, else kubectl's own."""
        return self.value("namespace", "default")


def call(arguments: tuple[str, ...]) -> Call:
    """Take the arguments of kubectl apart. Raises WrongError for what it does not take."""
    found = Call("")
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.inner, rest = tuple(rest), []
        elif word == "-" or not word.startswith("-"):
            found.words.append(word)
        else:
            for name, given in _option(word):
                found.options.setdefault(name, []).append(_value(word, name, given, rest))
    if not found.words or found.words[0] not in _VERBS:
        raise WrongError(f"unknown verb {found.words[:1]}")
    found.verb = found.words.pop(0)
    return found


def _value(word: str, name: str, given: str | None, rest: list[str]) -> str:
    if name in _VALUED:
        if given is None and not rest:
            raise WrongError(f"{word} without a value")
        return rest.pop(0) if given is None else given
    flag = name in _FLAGS and given in {None, "true", "false"}
    if not flag and name not in _OPTIONAL:
        raise WrongError(f"unknown option {word}")
    return given or ""


def _option(word: str) -> Iterator[tuple[str, str | None]]:
    """`--name=value`, `-n value`, `-nvalue`, or several letters without a value: `-it`."""
    name, equals, value = word.lstrip("-").partition("=")
    if word.startswith("--"):
        yield name, value if equals else None
    elif _LONG.get(name[:1]) in _VALUED:
        yield _LONG[name[0]], word[2:].removeprefix("=") or None
    else:
        yield from ((_LONG.get(letter, letter), None) for letter in name)
