"""What is wrong in the configuration is said all at once, with exit 2, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commands.command_site import FQDN, HOME, ZONE, CommandSite, Finished
from commands.conftest import Command

COMMANDS = ("once", "run", "check")


@pytest.fixture(autouse=True)
def nothing_is_sent(site: CommandSite) -> Iterator[None]:
    """Nobody is asked anything: not Gandi, no name server, no source."""
    yield
    assert site.sim.calls() == []


def complaints(done: Finished) -> str:
    """What was said, on one line: a table for people may have folded it."""
    return " ".join((done.out + done.err).split())


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_problem_is_said(site: CommandSite, in_process: Command, command: str) -> None:
    """All problems are reported together, with file, section, key, what was found and what is allowed."""
    site.write(
        f"{HOME}ttl = 12\ndrift = shrug\n[record:HOME.{ZONE}.]\n[recrod:x.{ZONE}]\n",
        gandi="auth = basic\ncolour = red",
        detection="quorum = 9",
    )
    done = await in_process(command, "--config", "dns.ini")
    assert done.code == 2
    for said in ("dns.ini", "[gandi] auth", "bearer, apikey", "colour", "quorum", "ttl", "'12'",
                 "300…2592000", "'shrug'", "repair, report", "recrod", "did you mean"):  # fmt: skip
        assert said in complaints(done)
    assert f"record:HOME.{ZONE}." in complaints(done)


async def test_once_stays_json(site: CommandSite, once: Command) -> None:
    """Of a configuration that cannot be used `once` gives its report, empty but for the problems."""
    site.write(f"{HOME}ttl = 12\n")
    done = await once()
    assert done.code == 2
    assert (done.records, done.report["families"], done.report["in_sync"]) == ([], {}, False)
    assert done.report["errors"] == done.err.splitlines()


async def test_check_json_names_the_problems(site: CommandSite, check: Command) -> None:
    """`check --json` has the problems, and each as something to fix."""
    site.write(f"{HOME}ttl = 12\n")
    done = await check("--json")
    assert (done.code, done.report["ok"], done.report["configuration"]["ok"]) == (2, False, False)
    assert done.report["fix"] == done.report["configuration"]["problems"]


@pytest.mark.parametrize("command", ["once", "run"])
async def test_no_record(site: CommandSite, in_process: Command, command: str) -> None:
    """`once` and `run` without a record have nothing to do, and say how to name one."""
    site.write("")
    done = await in_process(command, "--config", "dns.ini")
    assert done.code == 2
    assert "target-domain" in complaints(done)


@pytest.mark.parametrize("command", COMMANDS)
async def test_no_token(site: CommandSite, in_process: Command, command: str) -> None:
    """Without a token the message says where it was looked for."""
    (site.folder / "api-key").unlink()
    done = await in_process(command, "--config", "dns.ini")
    assert done.code == 2
    assert "[gandi] token-file" in complaints(done)
    assert "api-key does not exist and GANDI_API_KEY is not set" in complaints(done)


@pytest.mark.parametrize("command", COMMANDS)
async def test_the_file_of_a_variable_is_named(
    site: CommandSite, in_process: Command, command: str
) -> None:
    """The message names the file that was read, also where a variable gave it."""
    (site.folder / "api-key").write_text("")
    done = await in_process(command, ESDDNS_CONFIG=str(site.folder / "dns.ini"))
    assert done.code == 2
    assert f"{site.folder / 'dns.ini'}: [gandi] token-file" in complaints(done)


@pytest.mark.parametrize("command", COMMANDS)
async def test_no_file(in_process: Command, command: str) -> None:
    """A file that is not there is named."""
    done = await in_process(command, "--config", "nowhere.ini")
    assert done.code == 2
    assert "nowhere.ini: there is no such file" in complaints(done)


async def test_the_older_format(site: CommandSite, once: Command) -> None:
    """The dns.ini of the older esddns is recognised, and the message says what to write instead."""
    (site.folder / "dns.ini").write_text(
        "[gandi]\napi_key = 0123456789abcdefghijklmn\n[WANIPState]\nx = 1\n"
    )
    done = await once()
    assert done.code == 2
    assert "older esddns format" in done.err
    assert "GANDI_API_KEY" in done.err
    assert "0123456789abcdefghijklmn" not in done.out + done.err


async def test_reserved_names_at_gandi(site: CommandSite, once: Command) -> None:
    """example.com is refused while the URL is Gandi's own."""
    site.write(url="https://api.gandi.net/v5/livedns")
    done = await once()
    assert done.code == 2
    assert FQDN in done.err


@pytest.mark.parametrize(
    ("variable", "allowed"),
    [
        ("ESDDNS_LOG_LEVEL", "debug, info, warning, error"),
        ("ESDDNS_LOG_FORMAT", "text, json"),
        ("ESDDNS_LISTEN", "[HOST]:PORT"),
        ("ESDDNS_RECORD_TTL", "300…2592000"),
        ("ESDDNS_DETECTION_INTERVAL", "5…86400"),
        ("ESDDNS_TARGET_DOMAIN", ""),
    ],
)
async def test_wrong_variables(in_process: Command, variable: str, allowed: str) -> None:
    """A variable with nonsense ends it with exit 2; the message names it, what it holds and what may be."""
    done = await in_process("run", "--config", "dns.ini", **{variable: "no nsense"})
    assert done.code == 2
    assert variable in done.err
    assert "'no nsense'" in done.err
    assert allowed in done.err
    assert "Traceback" not in done.err


async def test_an_option_wins_over_a_wrong_variable(site: CommandSite, in_process: Command) -> None:
    """What an option says is not spoiled by a variable that it replaces; case does not matter."""
    (site.folder / "api-key").unlink()
    done = await in_process("once", "--config", "dns.ini", "--log-level", "INFO",
                            ESDDNS_LOG_LEVEL="nonsense")  # fmt: skip
    assert "token-file" in done.err
    assert "nonsense" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["once", "--nonsense"], ["run", "--listen", "8080"],
     ["run", "--listen", ":65536"], ["once", "--log-level", "loud"], ["demo", "--every", "0"],
     ["demo", "--every", "soon"]],
    ids=" ".join,
)  # fmt: skip
async def test_wrong_usage(in_process: Command, arguments: list[str]) -> None:
    """Wrong usage is 2, with a line of usage and what was wrong on stderr."""
    done = await in_process(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: esddns")
    assert "error: " in done.err
