"""dns.ini and what stands beside it, from the machine: the only reader of files and the environment.

A value outside dns.ini is taken from a flag, else from the environment, else from the ConfigMap's keys,
which a mount gives as files in the folder of dns.ini. The token is not read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from esddns.config.builtin import BUILTIN
from esddns.config.parse import TokenProblem, parse
from esddns.config.report import Report
from esddns.config.settings import ConfigurationError, Settings, SourceSettings
from esddns.config.short_form import Origins, ShortForm

DEFAULT_PATH = Path("/etc/esddns/dns.ini")
_LARGEST = 1 << 20  # what a ConfigMap can hold; more is another kind of file


class UnreadableError(Exception):
    """A file that cannot be read as text; the message says why, `line` where that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class MissingError(UnreadableError):
    """A file that is not there."""


def load(
    path: Path | None,
    flags: ShortForm,
    environ: Mapping[str, str],
    *,
    require_records: bool,
    in_cluster: bool = False,
    builtin: tuple[SourceSettings, ...] = BUILTIN,
    default_path: Path = DEFAULT_PATH,
    token_problem: TokenProblem = lambda _file: None,
) -> Settings:
    """Read the configuration: `path`, else that in ESDDNS_CONFIG, else `default_path`.

    Only the last may be missing: all defaults hold then, and a target-domain gives the record. Raises
    ConfigurationError with every problem found.
    """
    named = path or (Path(environ["ESDDNS_CONFIG"]) if environ.get("ESDDNS_CONFIG") else None)
    file = named or default_path
    report = Report(str(file))
    short = _short_form(flags, environ, file.parent, report)
    text = ""
    try:
        text = read_text(file)
    except MissingError as error:
        if named or (require_records and short.target_domain is None):
            hint = (
                "" if named else "; write it, name another with --config, or give --target-domain"
            )
            report.add("", None, None, f"{error}{hint}")
            report.raise_any()
    except UnreadableError as error:
        report.add("", None, error.line, str(error))
        report.raise_any()
    try:
        settings = parse(
            text,
            file=str(file),
            builtin=builtin,
            short=short,
            require_records=require_records,
            in_cluster=in_cluster,
            token_problem=token_problem,
        )
    except ConfigurationError as error:
        raise ConfigurationError(error.problems + report.problems) from None
    report.raise_any()
    return settings


def _short_form(
    flags: ShortForm, environ: Mapping[str, str], folder: Path, report: Report
) -> ShortForm:
    """Take each value from the first place that gives it."""
    domain, domain_from = _first(
        flags.target_domain, flags.origins.target_domain, "target-domain", environ, folder, report
    )
    ttl, ttl_from = _first(
        flags.record_ttl, flags.origins.record_ttl, "record-ttl", environ, folder, report
    )
    interval, interval_from = _first(
        flags.detection_interval,
        flags.origins.detection_interval,
        "detection-interval",
        environ,
        folder,
        report,
    )
    if domain is None and ttl_from == str(folder / "record-ttl"):
        ttl = (
            None  # the ConfigMap has the key for every cluster, whichever way its records are given
        )
    return ShortForm(domain, ttl, interval, Origins(domain_from, ttl_from, interval_from))


def _first(
    flag: str | None,
    flag_name: str,
    key: str,
    environ: Mapping[str, str],
    folder: Path,
    report: Report,
) -> tuple[str | None, str]:
    """Give a value and what it came from. An empty variable or file counts as not given."""
    if flag is not None:
        return flag, flag_name
    variable = f"ESDDNS_{key.upper().replace('-', '_')}"
    if value := environ.get(variable, "").strip():
        return value, variable
    file = folder / key
    try:
        return read_text(file).strip() or None, str(file)
    except MissingError:
        return None, flag_name
    except UnreadableError as error:
        report.add_outside(str(file), str(error))
        return None, flag_name


def read_text(file: Path) -> str:
    """Read a UTF-8 file of at most 1 MiB, with or without a byte order mark. Raises UnreadableError."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingError("there is no such file") from None
    except IsADirectoryError:
        raise UnreadableError("found a directory, a file is expected") from None
    except PermissionError:
        raise UnreadableError("may not be read by this user: permission denied") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableError(f"cannot be read: {reason}") from None
    if len(data) > _LARGEST:
        raise UnreadableError("found more than 1 MiB: not a configuration file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError("found bytes that are not UTF-8: save it as UTF-8", line) from None
