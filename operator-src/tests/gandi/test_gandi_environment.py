"""What the environment and earlier answers bring along does not take the token's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from esddns.shell.gandi.token import TokenSource
from gandi.calling import TOKEN, client
from gandi.hostile import as_json, hostile, saying


def test_the_environment_does_not_replace_the_token(
    source: TokenSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .netrc entry for the host, or credentials in the URL, do not go out in the token's place."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with hostile(saying(as_json([]))) as server:
        for url in (server.url, server.url.replace("//", "//who:what@")):
            with client(url, source) as made:
                assert made.zones() == ()
        assert [seen.headers["authorization"] for seen in server.seen] == [f"Bearer {TOKEN}"] * 2


def test_a_proxy_of_the_environment(source: TokenSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is honoured, its credentials go to it as such, and the token stays what it was."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with hostile(saying(as_json([]))) as proxy:
        monkeypatch.setenv("http_proxy", f"http://who:what@127.0.0.1:{proxy.port}")
        with client("http://gandi.invalid/v5", source) as made:
            assert made.zones() == ()
    (seen,) = proxy.seen
    assert seen.line == "GET http://gandi.invalid/v5/domains?per_page=500 HTTP/1.1"
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["proxy-authorization"].startswith("Basic ")


def test_cookies_are_not_kept(source: TokenSource) -> None:
    """No call tells the next one's server what the one before said."""
    with (
        hostile(saying(as_json([], Set_Cookie="a=b"))) as server,
        client(server.url, source) as made,
    ):
        made.zones()
        made.zones()
    assert "cookie" not in server.seen[1].headers
