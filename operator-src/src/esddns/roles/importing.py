"""`esddns import`: another tool's file in, dns.ini or DNSRecord objects out, and notes on the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from esddns.config.import_format import Tool, read_imported
from esddns.config.imported import Imported, refusal
from esddns.config.imported_forms import as_dnsrecords, as_ini, beside_dnsrecords, parsed
from esddns.config.imported_words import perhaps_secret
from esddns.config.load import UnreadableError, read_text
from esddns.config.report import Report, shown
from esddns.roles.exit_codes import Exit

_DNSRECORDS = "dnsrecords"
_ADVICE = (
    "the token is not carried over, and never shown: put it into a file that token-file in [gandi] names "
    "(default: /etc/esddns/api-key), or into the variable GANDI_API_KEY; on a cluster: kubectl create secret "
    "generic esddns-gandi-credentials -n esddns --from-file=api-key=FILE"
)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the command line says: `tool` None to tell it by the file; `form` is ini or dnsrecords."""

    file: Path
    tool: Tool | None
    form: str
    output: Path | None


def import_file(
    options: ImportOptions, environ: Mapping[str, str], out: TextIO, err: TextIO
) -> Exit:
    """Read, convert, and write. Raises ConfigurationError where nothing can be made of the file."""
    report = Report(_name(options.file))
    try:
        text = read_text(options.file)
    except UnreadableError as error:
        raise refusal(report, error.line, str(error)) from None
    tool, imported = read_imported(text, options.tool, report, environ)
    how = "as --from says" if options.tool else "told by what is in it"
    print(f"{report.file}: a file of {tool.described}, {how}", file=err)
    for note in imported.notes:
        where = f"{report.file}:{note.line}" if note.line else report.file
        print(f"{where}: {note.what}: {note.message}", file=err)
    if not imported.records:
        print(f"{report.file}: no record can be carried over: nothing is written", file=err)
        return Exit.CONFIGURATION
    text = as_ini(imported, tool.described)
    parsed(text, "what would be written")
    if options.form == _DNSRECORDS:
        text = as_dnsrecords(imported)
        for line in beside_dnsrecords(imported):
            print(f"not in a DNSRecord: {line}", file=err)
        if not text:
            print(f"{report.file}: no record is left: nothing is written", file=err)
            return Exit.CONFIGURATION
    print(f"{report.file}: {_ADVICE}", file=err)
    if options.output is None:
        out.write(text)
    else:
        _write(options.output, text, report)
    print(_summary(imported, options), file=err)
    return Exit.OK


def _summary(imported: Imported, options: ImportOptions) -> str:
    number = len(imported.records)
    records = "1 record" if number == 1 else f"{number} records"
    if options.form == _DNSRECORDS:
        where = "a file in clusters/NAME/records, named in the kustomization.yaml there"
        return f"{records} carried over: {where}"
    path = shown(str(options.output))[1:-1] if options.output else "dns.ini"
    return f"{records} carried over. `esddns check --config {path}` tries them, and changes nothing"


def _name(file: Path) -> str:
    """Name a file in messages: a name may be a token that was given by mistake."""
    text = str(file)
    if "/" not in text and "." not in text and perhaps_secret(text):
        return "FILE"
    return text if text.isprintable() else shown(text)


def _write(path: Path, text: str, report: Report) -> None:
    """Write a new file; one that is there is never touched. Raises ConfigurationError."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        report.add_outside(
            "--output", f"{_name(path)} exists, and is not overwritten: name another"
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        report.add_outside("--output", f"{_name(path)} cannot be written: {reason}")
    report.raise_any()
