"""Which tool a file is of, by what is in it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from json import JSONDecodeError, JSONDecoder

from esddns.config.import_ddclient import read_ddclient
from esddns.config.import_ddns_updater import read_ddns_updater
from esddns.config.import_older import read_older
from esddns.config.imported import Imported, refusal
from esddns.config.report import Report

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HEADER = re.compile(r"^[ \t]*\[([^\[\]\n]{1,200})\][ \t\r]*$", re.MULTILINE)
_OLDER = frozenset({"wanipstate", "stunconfig", "esddns"})
_OLDER_KEY = re.compile(
    r"^(?:api_key|api_url_base|api_url_domains|target_domain_fqdn)[ \t]*[=:]", re.MULTILINE
)
_TODAYS = re.compile(r"^[ \t]*\[(?:record|source|namespace):", re.MULTILINE)
_DDCLIENT = re.compile(
    r"^[ \t]*(?:protocol|use|usev4|usev6|daemon|server|login|password|ssl|web|zone)[ \t]*=",
    re.MULTILINE | re.IGNORECASE,
)
_USE_FROM = "--from says which: ddclient, ddns-updater or esddns"


class Tool(enum.StrEnum):
    """The tools whose files are read; `esddns` is the one before version 1."""

    DDCLIENT = "ddclient"
    DDNS_UPDATER = "ddns-updater"
    ESDDNS = "esddns"

    @property
    def described(self) -> str:
        """How a person would say it."""
        return "an older esddns" if self is Tool.ESDDNS else self.value


def read_imported(
    text: str, tool: Tool | None, report: Report, environ: Mapping[str, str]
) -> tuple[Tool, Imported]:
    """Read a file of `tool`, else of the one that it looks like. Raises ConfigurationError."""
    if not text.strip():
        raise refusal(report, None, "found nothing in it")
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise refusal(report, line, "found a control character: not a text file")
    tool = tool or _tool_of(text, report)
    if tool is Tool.DDCLIENT:
        return tool, read_ddclient(text, report)
    if tool is Tool.DDNS_UPDATER:
        return tool, read_ddns_updater(text, report)
    return tool, read_older(text, report, environ)


def _tool_of(text: str, report: Report) -> Tool:
    """Tell the tool by what is in the file. Raises ConfigurationError where that is none or several."""
    if text.lstrip().startswith("{") or _is_json(text):
        return Tool.DDNS_UPDATER
    headers = {header.lower() for header in _HEADER.findall(text)}
    older = bool(headers & _OLDER) or ("gandi" in headers and bool(_OLDER_KEY.search(text)))
    if not older and (_TODAYS.search(text) or headers & {"gandi", "detection"}):
        message = (
            "found a dns.ini of today's esddns: there is nothing to import, `esddns check` reads it"
        )
    elif older and re.search(r"^[ \t]*protocol[ \t]*=", text, re.MULTILINE | re.IGNORECASE):
        message = f"found signs of an older dns.ini and of a ddclient.conf: {_USE_FROM}"
    elif older:
        return Tool.ESDDNS
    elif _DDCLIENT.search(text):
        return Tool.DDCLIENT
    else:
        message = (
            "found neither a ddclient.conf (protocol=…), nor ddns-updater's config.json, nor an older "
            f"dns.ini ([WANIPState]): {_USE_FROM}"
        )
    raise refusal(report, None, message)


def _is_json(text: str) -> bool:
    """Tell a JSON array from a section header, which begins alike."""
    if not text.lstrip().startswith("["):
        return False
    try:
        JSONDecoder().decode(text)
    except JSONDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return True
