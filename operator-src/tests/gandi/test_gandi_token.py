"""Where the token comes from, when it counts as changed, and why there is none."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.errors import CredentialMissingError
from esddns.shell.gandi.token import MASK, VARIABLE, TokenSource
from gandi.calling import TOKEN, tokens
from unprivileged import unprivileged


def test_the_variable_wins(tmp_path: Path) -> None:
    """GANDI_API_KEY goes before the file, without white space around it; blank, it counts as not set."""
    file = tmp_path / "api-key"
    file.write_text("from-the-file")
    assert (
        TokenSource(file, {VARIABLE: " from-the-variable\n"}).read().secret == "from-the-variable"
    )
    assert TokenSource(file, {VARIABLE: " from-the-variable"}).read().origin == VARIABLE
    assert TokenSource(file, {VARIABLE: " \n"}).read().secret == "from-the-file"
    assert TokenSource(file, {}).read().origin == str(file)


def test_the_file_is_read_again(tmp_path: Path) -> None:
    """A changed file gives the new token, and the version grows with each change and with nothing else."""
    source = tokens(tmp_path, "first-token")
    assert (source.version, source.read().secret, source.version) == (1, "first-token", 1)
    tokens(tmp_path, " first-token \n\n")
    assert source.version == 1
    tokens(tmp_path, "second-token")
    assert (source.read().version, source.read().secret) == (2, "second-token")
    tokens(tmp_path, "first-token")
    assert source.version == 3


def test_a_change_of_the_same_size_and_time(tmp_path: Path) -> None:
    """Neither size nor modification time is believed."""
    source = tokens(tmp_path, "token-a")
    times = (file := tmp_path / "api-key").stat()
    assert source.read().secret == "token-a"
    file.write_text("token-b\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert source.read().secret == "token-b"


def test_a_kubelets_swap(tmp_path: Path) -> None:
    """A mounted Secret changes by a symbolic link to another folder, put in place at once."""
    for name in ("..1", "..2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "api-key").write_text(f"token-of{name}")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "api-key").symlink_to("..data/api-key")
    source = TokenSource(tmp_path / "api-key", {})
    assert source.read().secret == "token-of..1"
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert (source.read().secret, source.version) == ("token-of..2", 2)


def test_a_token_that_goes_and_comes_back(tmp_path: Path) -> None:
    """Without a token the version is 0; the same token again is the same version."""
    source = tokens(tmp_path)
    assert source.version == 1
    (tmp_path / "api-key").unlink()
    assert source.version == 0
    tokens(tmp_path)
    assert source.version == 1


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda file: file, "does not exist and GANDI_API_KEY is not set; write a"),
    "no folder": (lambda file: file.parent.rmdir(), "does not exist"),
    "empty": (lambda file: file.write_bytes(b""), "is empty"),
    "blank": (lambda file: file.write_bytes(b" \r\n\t\n"), "is empty"),
    "binary": (lambda file: file.write_bytes(b"\x00\x01" + TOKEN.encode()), "is no token"),
    "not ascii": (lambda file: file.write_bytes(b"\xef\xbb\xbf" + TOKEN.encode()), "not plain text"),
    "utf-16": (lambda file: file.write_bytes(TOKEN.encode("utf-16")), "not plain text"),
    "two lines": (lambda file: file.write_text(f"{TOKEN}\n{TOKEN}\n"), "one line with the token"),
    "blank inside": (lambda file: file.write_text(f"Bearer {TOKEN}"), "has white space"),
    "folder": (lambda file: file.mkdir(), "Is a directory"),
    "no permission": (lambda file: file.touch(mode=0o000), "Permission denied"),
    "loop": (lambda file: file.symlink_to(file), "symbolic links"),
    "no folder but a file": (lambda file: (file.parent.rmdir(), file.parent.touch()), "Not a directory"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_why_there_is_no_token(tmp_path: Path, bad: str) -> None:
    """Each reason is told with the file's name, without a word of what it holds, and the version is 0."""
    (tmp_path / "secret").mkdir()
    file = tmp_path / "secret" / "api-key"
    prepare, says = BAD[bad]
    prepare(file)
    source = TokenSource(file, {})
    with unprivileged() if bad == "no permission" else contextlib.nullcontext():
        assert source.version == 0
        with pytest.raises(CredentialMissingError) as caught:
            source.read()
    assert says in str(caught.value)
    assert str(file) in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert not caught.value.transient
    assert caught.value.__context__ is None


@pytest.mark.parametrize("empty", [False, True])
def test_in_a_cluster_the_secret_is_named(tmp_path: Path, empty: bool) -> None:
    """In a pod a file says little to a person: the message names the Secret and its key."""
    file = tmp_path / "api-key"
    if empty:
        file.touch()
    source = TokenSource(file, {"KUBERNETES_SERVICE_HOST": "192.0.2.1"})
    with pytest.raises(
        CredentialMissingError, match="Secret esddns-gandi-credentials as its key api-key"
    ):
        source.read()
    assert source.place == "the Secret esddns-gandi-credentials"


def test_a_variable_that_holds_no_token(tmp_path: Path) -> None:
    """The message names the variable, not what is in it."""
    with pytest.raises(
        CredentialMissingError, match="what GANDI_API_KEY holds is no token"
    ) as caught:
        TokenSource(tmp_path / "x", {VARIABLE: f"{TOKEN} {TOKEN}"}).read()
    assert TOKEN not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the file holds: a token that can be sent in a header, or the one error."""
    file = tmp_path_factory.getbasetemp() / "any-token"
    file.write_bytes(content)
    source = TokenSource(file, {})
    try:
        secret = source.read().secret
    except CredentialMissingError:
        assert source.version == 0
        return
    assert secret.encode() == content.strip()
    assert secret.isprintable()
    assert " " not in secret


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60))
def test_the_mask(secret: str) -> None:
    """The token is taken out as it is, from JSON, from URLs, and from Base64 wherever in it it stood."""
    source = TokenSource(Path("none"), {VARIABLE: secret})
    source.read()
    around = {"": "", "user:": "", "Bearer ": "\n", "x": "yz"}
    shown = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(f"Bearer {secret}")]
    shown += [base64.b64encode(f"{a}{secret}{b}".encode()).decode() for a, b in around.items()]
    for form in shown:
        assert MASK in source.mask(form)
        assert form not in source.mask(f"before {form} after")


def test_tokens_of_before_are_masked(tmp_path: Path) -> None:
    """An answer to a call that was made with the token before may come after the change."""
    source = tokens(tmp_path, "first-token")
    source.read()
    tokens(tmp_path, "second-token")
    source.read()
    assert source.mask("first-token second-token other") == f"{MASK} {MASK} other"


def test_what_is_too_short_is_not_masked(tmp_path: Path) -> None:
    """A token of a few letters would mangle every message."""
    source = tokens(tmp_path, "e")
    assert source.read().secret == "e"
    assert source.mask("example") == "example"


def test_one_change_is_one_version(tmp_path: Path) -> None:
    """Threads that see a change at once count it once."""
    source = tokens(tmp_path, "first-token")
    assert source.version == 1
    tokens(tmp_path, "second-token")
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(source.version)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [2] * 16
