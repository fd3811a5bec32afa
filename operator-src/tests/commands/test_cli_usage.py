"""`--help` and `--version`."""

from __future__ import annotations

import pytest

from commands.command_site import CommandSite
from commands.conftest import Command
from esddns import __version__


async def test_version(site: CommandSite) -> None:
    """As a process: --version says the version and nothing else."""
    done = await site.esddns("--version")
    assert (done.code, done.out, done.err) == (0, f"esddns {__version__}\n", "")


async def test_help_lists_the_commands(in_process: Command) -> None:
    """--help lists every command."""
    done = await in_process("--help")
    assert done.code == 0
    for command in ("once", "run", "node", "web", "check", "import", "demo"):
        assert f"\n    {command} " in done.out


@pytest.mark.parametrize("command", ["once", "check", "run", "node", "web", "demo"])
async def test_help_of_a_command(in_process: Command, command: str) -> None:
    """A command's --help names its exit codes, and the environment where it reads that."""
    done = await in_process(command, "--help")
    assert done.code == 0
    assert "\nexit codes:\n  0  " in done.out
    for variable in ("ESDDNS_LOG_LEVEL", "ESDDNS_STATE_DIR"):
        assert (variable in done.out) == (command != "demo")
    for variable in ("GANDI_API_KEY", "ESDDNS_CONFIG"):
        assert (variable in done.out) == (command not in ("demo", "web"))
    for variable in ("ESDDNS_AGENTS", "ESDDNS_TLS_LISTEN", "ESDDNS_TLS_DIR"):
        assert (variable in done.out) == (command == "web")
    if command in ("once", "check"):
        for code in range(7):
            assert f"  {code}  " in done.out
        assert "the first of 2, 4, 5, 3, 6" in done.out
    if command == "run":
        assert "SIGHUP" in done.out
        assert "--listen" in done.out
