"""The command line. A command's modules are imported when it is chosen: `--version` is instant."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from esddns.options import Command, make_parser

if TYPE_CHECKING:
    from esddns.config.settings import Settings
    from esddns.shell.gandi.token import TokenSource


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    arguments = make_parser(_COMMANDS, os.environ).parse_args(argv)
    command: Command = arguments.command
    try:
        return command(arguments, os.environ)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; without this the interpreter complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _load(
    arguments: argparse.Namespace, environ: Mapping[str, str], *, require_records: bool = True
) -> tuple[Settings, TokenSource]:
    """Read the configuration, and see that there is a token. Raises ConfigurationError."""
    from dataclasses import replace  # noqa: PLC0415  # see the module's docstring

    from esddns.config.load import load  # noqa: PLC0415
    from esddns.config.short_form import ShortForm  # noqa: PLC0415
    from esddns.shell.gandi.token import TokenSource  # noqa: PLC0415
    from esddns.shell.log import set_up  # noqa: PLC0415

    set_up(arguments.log_format, arguments.log_level)
    settings = load(
        arguments.config,
        ShortForm(arguments.target_domain, arguments.record_ttl, arguments.detection_interval),
        environ,
        require_records=require_records,
        token_problem=functools.partial(_token_problem, environ),
    )
    if arguments.dry_run:
        settings = replace(settings, gandi=replace(settings.gandi, dry_run=True))
    tokens = TokenSource(settings.gandi.token_file, environ)
    set_up(arguments.log_format, arguments.log_level, tokens.mask)
    return settings, tokens


def _token_problem(environ: Mapping[str, str], file: Path) -> str | None:
    from esddns.core.errors import CredentialMissingError  # noqa: PLC0415
    from esddns.shell.gandi.token import TokenSource  # noqa: PLC0415

    try:
        TokenSource(file, environ).read()
    except CredentialMissingError as error:
        return str(error)
    return None


def _once(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio  # noqa: PLC0415
    import json  # noqa: PLC0415

    from esddns.config.settings import ConfigurationError  # noqa: PLC0415
    from esddns.roles.exit_codes import Exit  # noqa: PLC0415

    code = Exit.CONFIGURATION
    try:
        settings, tokens = _load(arguments, environ)
    except ConfigurationError as error:
        problems = [str(problem) for problem in error.problems]
        print("\n".join(problems), file=sys.stderr)  # noqa: T201  # the command's output
        report: Mapping[str, object] = {
            "families": {}, "records": [], "in_sync": False, "errors": problems
        }  # fmt: skip
    else:
        from esddns.roles.once import once  # noqa: PLC0415

        report, code = asyncio.run(once(settings, tokens, arguments.state_dir))
    print(json.dumps(report, indent=2, ensure_ascii=False))  # noqa: T201
    return code


def _run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio  # noqa: PLC0415

    from esddns.config.settings import ConfigurationError  # noqa: PLC0415
    from esddns.roles.exit_codes import Exit  # noqa: PLC0415
    from esddns.roles.run import CannotListenError, RunOptions, run  # noqa: PLC0415

    host, port = arguments.listen
    try:
        asyncio.run(
            run(lambda: _load(arguments, environ), RunOptions(host, port, arguments.state_dir))
        )
    except (ConfigurationError, CannotListenError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return Exit.CONFIGURATION
    return Exit.OK


def _check(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio  # noqa: PLC0415

    from esddns.roles.check import check  # noqa: PLC0415

    load = functools.partial(_load, arguments, environ, require_records=False)
    return asyncio.run(check(load, arguments.state_dir, as_json=arguments.json))


def _demo(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    import asyncio  # noqa: PLC0415

    try:
        from esddns.roles.demo import demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(f"the demo needs the package {error.name}, which is not installed here: `make demo` in a "  # noqa: T201
              f"clone of https://github.com/sqe/esddns sets it up", file=sys.stderr)  # fmt: skip
        return 2

    try:
        return asyncio.run(demo(once=arguments.once, every=arguments.every))
    except KeyboardInterrupt:
        if arguments.once:
            raise
        return 0  # the way to end it


_COMMANDS: Mapping[str, Command] = {"once": _once, "run": _run, "check": _check, "demo": _demo}
