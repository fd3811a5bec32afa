"""Writes docs/configuration.md from the code: `python configuration_page.py > docs/configuration.md`."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from esddns.config import schema
from esddns.config.builtin import BUILTIN
from esddns.config.settings import DnsTarget, HttpTarget, Target
from esddns.core.model import Family
from reference.command_line import exit_codes, lines, options
from reference.template import NONE, code, fill, table

_TEMPLATE = Path(__file__).with_name("configuration.md.in")
_CONFIG_MAP = Path(__file__).parents[3] / "apps/esddns/base/configmap.yaml"

# The keys that the program reads beside dns.ini, and dns.ini itself.
MAPPED = {
    "target-domain": "The name of one record: as `--target-domain`.",
    "record-ttl": "Its TTL, in seconds: as `--record-ttl`. Without a name it is not looked at.",
    "detection-interval": "Seconds between full rounds: as `--detection-interval`. While it is not empty, "
    "`interval` in `[detection]` does not count.",
    "dns.ini": "All else, and further records.",
}


def page() -> str:
    """Give the page."""
    keys = {f"keys {section}": functools.partial(_keys, section) for section in schema.SECTIONS}
    return fill(
        _TEMPLATE,
        {
            **keys,
            "sources": _sources,
            "quorum": _quorum,
            "configmap": _config_map,
            "commands": lambda: table(
                ["command", "what it does"], [[f"`esddns {name}`", text] for name, text in lines()]
            ),
            "options": _options,
            "exit codes": _exit_codes,
        },
    )


def _keys(section: str) -> str:
    rows = [
        [code(key.name), _default(key), _allowed(key), key.meaning]
        for key in schema.keys_of(section)
    ]
    return table(["key", "default", "allowed", "meaning"], rows)


def _default(key: schema.Key) -> str:
    if key.required:
        return "**required**"
    return code(key.default) or ("(empty)" if key.optional else NONE)


def _allowed(key: schema.Key) -> str:
    """Write what is allowed, and that there may be several."""
    listed = key.many and "list" not in key.allowed
    return f"{key.range}; a list" if listed else key.range


def _sources() -> str:
    rows = [
        [
            code(source.name),
            source.operator,
            source.kind,
            *(code(_asked(source.targets.get(family))) or NONE for family in Family),
        ]
        for source in BUILTIN
    ]
    return table(["source", "operator", "kind", "asked for IPv4", "asked for IPv6"], rows)


def _asked(target: Target | None) -> str:
    """Write what is asked as a [source:NAME] section does."""
    if target is None:
        return ""
    if isinstance(target, HttpTarget):
        return target.url
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{target.port}"
    if isinstance(target, DnsTarget):
        return f"{place} {target.qname} {target.qtype} {target.qclass}"
    return place


def _quorum() -> str:
    counts = [
        len({source.operator for source in BUILTIN if family in source.targets})
        for family in Family
    ]
    return f"{len(BUILTIN)} sources of {counts[0]} operators for IPv4 and {counts[1]} for IPv6"


def _config_map() -> str:
    data = yaml.safe_load(_CONFIG_MAP.read_text("utf-8"))["data"]
    rows = [[code(key), code(data[key]) or "(empty)", meaning] for key, meaning in MAPPED.items()]
    return table(["key", "in the base", "meaning"], rows)


def _options() -> str:
    rows = [
        [code(one.shown), ", ".join(one.commands), one.default_shown, code(one.variable), one.text]
        for one in options()
    ]
    return table(["option", "of", "default", "variable", "meaning"], rows)


def _exit_codes() -> str:
    blocks = [
        f"{' and '.join(filter(None, (', '.join(map(code, names[:-1])), code(names[-1]))))}:\n\n"
        f"```text\n{said}\n```"
        for said, names in exit_codes().items()
    ]
    return "\n\n".join(blocks)


if __name__ == "__main__":
    sys.stdout.write(page())
