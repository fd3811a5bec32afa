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
    # Whoever hands arguments in has a process of its own that goes on.
    arguments.end = _go_on if argv is not None else _end_soon
    command: Command = arguments.command
    if hasattr(arguments, "log_format"):
        from esddns.shell.log import set_up

        set_up(arguments.log_format, arguments.log_level)
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
    settings = _settings(arguments, environ, require_records=require_records)
    return settings, _tokens(arguments, environ, settings)


def _settings(
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    *,
    require_records: bool = True,
    in_cluster: bool = False,
) -> Settings:
    """Read the configuration. Raises ConfigurationError.

    In a cluster a token may come later, and records as DNSRecord objects.
    """
    from dataclasses import replace

    from esddns.config.load import load
    from esddns.config.short_form import ShortForm

    settings = load(
        arguments.config,
        ShortForm(arguments.target_domain, arguments.record_ttl, arguments.detection_interval),
        environ,
        require_records=require_records and not in_cluster,
        in_cluster=in_cluster,
        token_problem=(lambda _file: None)
        if in_cluster
        else functools.partial(_token_problem, environ),
    )
    if arguments.dry_run:
        settings = replace(settings, gandi=replace(settings.gandi, dry_run=True))
    return settings


def _tokens(
    arguments: argparse.Namespace, environ: Mapping[str, str], settings: Settings
) -> TokenSource:
    """Say where the token comes from, and have every log line without it."""
    from esddns.shell.gandi.token import TokenSource
    from esddns.shell.log import set_up

    tokens = TokenSource(settings.gandi.token_file, environ)
    _ = tokens.version  # from here on it is known what to mask
    set_up(arguments.log_format, arguments.log_level, tokens.mask)
    return tokens


def _token_problem(environ: Mapping[str, str], file: Path) -> str | None:
    from esddns.core.errors import CredentialMissingError
    from esddns.shell.gandi.token import TokenSource

    try:
        TokenSource(file, environ).read()
    except CredentialMissingError as error:
        return str(error)
    return None


def _end_soon(code: int) -> None:
    from esddns.roles.ending import end_soon

    end_soon(code)


def _go_on(_code: int) -> None:
    """Leave the process to itself."""


def _once(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio
    import json

    from esddns.config.settings import ConfigurationError
    from esddns.roles.exit_codes import Exit

    def show(report: Mapping[str, object]) -> None:
        print(json.dumps(report, indent=2, ensure_ascii=False))

    try:
        settings, tokens = _load(arguments, environ)
    except ConfigurationError as error:
        problems = [str(problem) for problem in error.problems]
        print("\n".join(problems), file=sys.stderr)
        show({"families": {}, "records": [], "in_sync": False, "errors": problems})
        return Exit.CONFIGURATION

    from esddns.roles.once import once

    async def main() -> int:
        report, code = await once(settings, tokens, arguments.state_dir)
        show(report)
        arguments.end(code)
        return code

    return asyncio.run(main())


def _run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio

    from esddns.config.settings import ConfigurationError
    from esddns.roles.exit_codes import Exit
    from esddns.roles.run import RunOptions, run
    from esddns.shell.listening import CannotListenError

    host, port = arguments.listen
    try:
        options = RunOptions(host, port, arguments.state_dir)
        asyncio.run(run(lambda: _load(arguments, environ), options, arguments.end))
    except (ConfigurationError, CannotListenError) as error:
        print(error, file=sys.stderr)
        return Exit.CONFIGURATION
    return Exit.OK


def _node(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio

    from esddns.config.settings import ConfigurationError
    from esddns.roles.exit_codes import Exit
    from esddns.roles.node import NodeOptions, node
    from esddns.shell.kube.seam import ClusterError

    try:
        host, port = arguments.listen
        options = NodeOptions(
            arguments.pod_name,
            arguments.pod_namespace,
            arguments.node_name,
            host,
            port,
            arguments.state_dir,
        )
        load = functools.partial(_settings, arguments, environ, in_cluster=True)
        tokens = functools.partial(_tokens, arguments, environ)
        asyncio.run(node(load, tokens, options, arguments.end))
    except (ConfigurationError, ClusterError) as error:
        print(error, file=sys.stderr)
        return Exit.CONFIGURATION
    except ModuleNotFoundError as error:
        print(
            f"esddns node needs the package {error.name}: install esddns[cluster]", file=sys.stderr
        )
        return Exit.CONFIGURATION
    return Exit.OK


def _web(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    import asyncio

    from esddns.roles.web import web
    from esddns.shell.listening import CannotListenError
    from esddns.shell.web.self_signed import SelfSignedError
    from esddns.shell.web.service import ServiceOptions

    options = ServiceOptions(
        agents=arguments.agents,
        listen=arguments.listen,
        tls_listen=arguments.tls_listen,
        tls_dir=arguments.tls_dir,
        state_dir=arguments.state_dir,
    )
    try:
        asyncio.run(web(options, arguments.end))
    except (CannotListenError, SelfSignedError) as error:
        print(error, file=sys.stderr)
        return 2  # as roles.exit_codes has it, whose imports this process does without
    return 0


def _check(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import asyncio

    from esddns.roles.check import check

    load = functools.partial(_load, arguments, environ, require_records=False)

    async def main() -> int:
        code = await check(load, arguments.state_dir, as_json=arguments.json)
        arguments.end(code)
        return code

    return asyncio.run(main())


def _import(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from esddns.config.import_format import Tool
    from esddns.config.settings import ConfigurationError
    from esddns.roles.exit_codes import Exit
    from esddns.roles.importing import ImportOptions, import_file

    options = ImportOptions(
        file=arguments.file,
        tool=Tool(arguments.tool) if arguments.tool else None,
        form=arguments.form,
        output=arguments.output,
    )
    try:
        return import_file(options, environ, sys.stdout, sys.stderr)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIGURATION


def _demo(arguments: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    import asyncio

    try:
        from esddns.roles.demo import demo
    except ModuleNotFoundError as error:
        print(f"the demo needs the package {error.name}, which is not installed here: `make demo` in a "
              f"clone of https://github.com/sqe/esddns sets it up", file=sys.stderr)  # fmt: skip
        return 2

    from esddns.roles.exit_codes import Exit
    from esddns.shell.listening import CannotListenError

    try:
        return asyncio.run(
            demo(once=arguments.once, every=arguments.every, page_port=arguments.page_port)
        )
    except CannotListenError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIGURATION
    except KeyboardInterrupt:
        if arguments.once:
            raise
        return 0  # the way to end it


_COMMANDS: Mapping[str, Command] = {
    "once": _once,
    "run": _run,
    "node": _node,
    "web": _web,
    "check": _check,
    "import": _import,
    "demo": _demo,
}
