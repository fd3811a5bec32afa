"""The options of each command, and what `--help` says of them."""

from __future__ import annotations

import argparse
import functools
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from esddns import __version__
from esddns.option_values import choice, listen, listen_or_not, naming, places, port, seconds

# Gets the parsed arguments and the environment; gives the exit code.
Command = Callable[[argparse.Namespace, Mapping[str, str]], int]
# Adds a command: its name, its one line, what stands below its options, whose options it has as well.
Add = Callable[..., argparse.ArgumentParser]

LOG_FORMATS = ("text", "json")
IMPORTED_TOOLS = ("ddclient", "ddns-updater", "esddns")
IMPORTED_FORMS = ("ini", "dnsrecords")
LOG_LEVELS = ("debug", "info", "warning", "error")

_EXIT_CODES = """\
exit codes:
  0  in sync, or updated        4  the provider refused (401, 403, no such zone, 400)
  1  unexpected error           5  the provider could not be reached
  2  configuration              6  a record was left alone (conflict, contested, drift to report)
  3  the address is undecided   with several: the first of 2, 4, 5, 3, 6
"""

_RUN_EXIT_CODES = """\
exit codes:
  0  ended by SIGTERM or SIGINT    1  unexpected error    2  configuration, or cannot listen
"""

_DEMO_EXIT_CODES = """\
exit codes:
  0  ended by Ctrl-C; with --once: DNS followed all three changes and never took a lie, and the
     status page shows the last address
  1  DNS did not follow, or took a lie, or the page does not show it    2  --page-port is taken
"""

_IMPORT_EXIT_CODES = """\
exit codes:
  0  written; what was not carried over is listed on stderr
  1  unexpected error
  2  FILE cannot be read, or no record of it can be carried over, or --output exists: nothing is
     written
"""

_IMPORT_NOTES = """\
FILE is one of
  ddclient        ddclient.conf: the hosts with protocol=gandi
  ddns-updater    config.json: the settings with provider gandi; its environment is in no file
  esddns          the dns.ini of esddns before version 1; the variables that it names (RECORD_TTL, …)
                  are looked up in the environment, but for that of the token

The token is never written, nor shown: it goes into a file that token-file in [gandi] names, into
GANDI_API_KEY, or into the Secret esddns-gandi-credentials.

"""

_ENVIRONMENT = """\
environment:
  GANDI_API_KEY   the token; else the file that `token-file` in [gandi] names
  ESDDNS_CONFIG, ESDDNS_TARGET_DOMAIN, ESDDNS_RECORD_TTL, ESDDNS_DETECTION_INTERVAL,
  ESDDNS_STATE_DIR, ESDDNS_LISTEN, ESDDNS_LOG_FORMAT, ESDDNS_LOG_LEVEL
                  the options of these names (ESDDNS_LISTEN: of run, node); an option on the command
                  line wins
"""

_WEB_ENVIRONMENT = """\
environment:
  ESDDNS_AGENTS, ESDDNS_LISTEN, ESDDNS_TLS_LISTEN, ESDDNS_TLS_DIR, ESDDNS_STATE_DIR,
  ESDDNS_LOG_FORMAT, ESDDNS_LOG_LEVEL
                  the options of these names; an option on the command line wins
"""


def make_parser(
    run_by: Mapping[str, Command], environ: Mapping[str, str]
) -> argparse.ArgumentParser:
    """Make the parser; `run_by` gives each command's function, which is then in `arguments.command`."""
    parser = argparse.ArgumentParser(
        prog="esddns",
        description="Keeps DNS records at Gandi LiveDNS on the public address of this site.",
        epilog="esddns COMMAND --help tells more. Home: https://github.com/sqe/esddns",
    )
    parser.add_argument("--version", action="version", version=f"esddns {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, text: str, epilog: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            parents=parents,
            help=text,
            description=text,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=run_by[name])
        return added

    _add_keepers(add, environ)
    _add_import(add)
    _add_web(add, environ)
    _add_demo(add)
    return parser


def _add_keepers(add: Add, environ: Mapping[str, str]) -> None:
    """Add the commands that read dns.ini."""
    shared = _shared_options(environ)
    passes, runs = f"{_EXIT_CODES}\n{_ENVIRONMENT}", f"{_RUN_EXIT_CODES}\n{_ENVIRONMENT}"
    once = add("once", "one pass; its outcome as JSON on stdout", passes, shared)
    _state_option(once, environ)
    run = add("run", "keep the records on the address until stopped (SIGHUP: read "
              "the configuration again)", runs, shared)  # fmt: skip
    _state_option(run, environ)
    _listen_option(run, environ)
    node = add("node", "one pod of the DaemonSet: follows the leader, and leads when elected",
               runs, shared)  # fmt: skip
    _state_option(node, environ)
    _listen_option(node, environ)
    node.add_argument("--pod-name", default=environ.get("POD_NAME") or socket.gethostname(),
                      help="this pod (default: POD_NAME, else the host's name)")  # fmt: skip
    node.add_argument("--pod-namespace", default=environ.get("POD_NAMESPACE") or "esddns",
                      help="its namespace (default: POD_NAMESPACE, else esddns)")  # fmt: skip
    node.add_argument("--node-name", default=environ.get("NODE_NAME") or "",
                      help="its Node: where that has the label esddns.io/lead=false it never leads "
                      "(default: NODE_NAME, else no label is looked at)")  # fmt: skip
    check = add("check", "try everything without changing anything, and say what to fix",
                passes, shared)  # fmt: skip
    _state_option(check, environ)
    check.add_argument("--json", action="store_true", help="JSON for programs, not a table")


def _add_import(add: Add) -> None:
    text = "another tool's file (ddclient, ddns-updater, an older esddns) as dns.ini on stdout"
    added = add("import", text, f"{_IMPORT_NOTES}{_IMPORT_EXIT_CODES}")
    added.add_argument("file", metavar="FILE", type=Path, help="the file to read, 1 MiB at most")
    added.add_argument("--from", dest="tool", choices=IMPORTED_TOOLS,
                       help="which tool's file it is (default: told by what is in FILE)")  # fmt: skip
    added.add_argument("--as", dest="form", choices=IMPORTED_FORMS, default="ini",
                       help="dnsrecords: objects as YAML, for GitOps (default: ini)")  # fmt: skip
    added.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        help="write there, not to stdout; a file that exists is never overwritten",
    )


def _add_web(add: Add, environ: Mapping[str, str]) -> None:
    text = "the status service: asks the agents, and shows what they say as a page and as JSON"
    web = add("web", text, f"{_RUN_EXIT_CODES}\n{_WEB_ENVIRONMENT}", _log_options(environ))
    web.add_argument(
        "--agents",
        metavar="HOST:PORT,…",
        type=naming("ESDDNS_AGENTS", environ, places),
        default=environ.get("ESDDNS_AGENTS") or "esddns-operator-daemon:8080",
        help="whom to ask; a name stands for all its addresses (default: %(default)s)",
    )
    _listen_option(web, environ, ":51339", "where the page is served in clear")
    web.add_argument(
        "--tls-listen",
        metavar="[HOST]:PORT",
        type=naming("ESDDNS_TLS_LISTEN", environ, listen_or_not),
        default=environ.get("ESDDNS_TLS_LISTEN", ":51443"),
        help="where it is served over TLS; empty: nowhere (default: :51443)",
    )
    web.add_argument(
        "--tls-dir",
        metavar="PATH",
        type=Path,
        default=Path(environ.get("ESDDNS_TLS_DIR") or "/etc/esddns/tls"),
        help="tls.crt and tls.key, read again when they change; without them a self-signed certificate "
        "is made (default: /etc/esddns/tls)",
    )
    _state_option(web, environ, "where the last known state is kept for a restart")


def _add_demo(add: Add) -> None:
    text = "everything on loopback: a WAN that changes, and the record that follows it"
    demo = add("demo", text, _DEMO_EXIT_CODES)
    demo.add_argument(
        "--once",
        action="store_true",
        help="three changes and one fault, then end; exit 0 only if DNS followed all three and never "
        "took a lie",
    )
    demo.add_argument(
        "--every",
        metavar="SECONDS",
        type=seconds,
        default=8.0,
        help="seconds between changes of the WAN (default: %(default)g); Enter changes it at once",
    )
    demo.add_argument(
        "--page-port",
        metavar="PORT",
        type=port,
        default=0,
        help="where the status page is served on loopback (default: a free one)",
    )


def _shared_options(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, parents=[_log_options(environ)])
    shared.add_argument("--config", type=Path, metavar="PATH",
                        help="the configuration (default: /etc/esddns/dns.ini)")  # fmt: skip
    shared.add_argument("--target-domain", metavar="FQDN",
                        help="one record, without a section in dns.ini")  # fmt: skip
    shared.add_argument("--record-ttl", metavar="SECONDS", help="its TTL (default: 300)")
    shared.add_argument("--detection-interval", metavar="SECONDS",
                        help="seconds between full rounds (default: 300)")  # fmt: skip
    shared.add_argument("--dry-run", action="store_true", help="send nothing that changes anything")
    return shared


def _log_options(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    for option, choices, default, text in (
        ("--log-format", LOG_FORMATS, "text", "one line an event (default: text)"),
        (
            "--log-level",
            LOG_LEVELS,
            "info",
            "the least serious events that are logged (default: info)",
        ),
    ):
        variable = f"ESDDNS_{option[2:].upper().replace('-', '_')}"
        # Not argparse's `choices`: what comes from the environment is not held against those.
        shared.add_argument(
            option,
            metavar=f"{{{','.join(choices)}}}",
            type=naming(variable, environ, functools.partial(choice, choices)),
            default=environ.get(variable) or default,
            help=text,
        )
    return shared


def _state_option(
    parser: argparse.ArgumentParser,
    environ: Mapping[str, str],
    text: str = "where what was published is remembered",
) -> None:
    # systemd gives STATE_DIRECTORY; the XDG folder is for people.
    home = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "/") / ".local/state"
    default = environ.get("ESDDNS_STATE_DIR") or environ.get("STATE_DIRECTORY")
    parser.add_argument(
        "--state-dir",
        metavar="PATH",
        type=Path,
        default=Path(default) if default else Path(home) / "esddns",
        help=f"{text} (default: %(default)s)",
    )


def _listen_option(
    parser: argparse.ArgumentParser,
    environ: Mapping[str, str],
    default: str = ":8080",
    text: str = "where /metrics, /healthz, /readyz and /state are served",
) -> None:
    parser.add_argument(
        "--listen",
        metavar="[HOST]:PORT",
        type=naming("ESDDNS_LISTEN", environ, listen),
        default=environ.get("ESDDNS_LISTEN") or default,
        help=f"{text} (default: {default})",
    )
