"""The pages that are looked things up in say what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from crd.crd_rules import rule_errors
from crd.crd_schema import SCHEMA, defaulted, nodes, schema_errors
from esddns.config import schema
from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.schema import KEYS, Key
from esddns.config.settings import ConfigurationError, Settings
from esddns.config.short_form import NO_SHORT_FORM, ShortForm
from esddns.core.dnsrecord import DeletionPolicy, DnsRecord, ServiceRef, Static
from esddns.core.dnsrecord_read import read_dnsrecord
from esddns.core.dnsrecord_standing import Reason
from esddns.core.model import Drift
from esddns.core.target import Wan
from manifests.rendering import ROOT
from prose.prose_pages import fences
from reference import configuration_page, dnsrecord_page
from reference.dnsrecord_words import EVENTS, REASONS
from reference.template import fill, table

PAGES = {"configuration": configuration_page.page, "dnsrecord": dnsrecord_page.page}
CONFIGURATION = configuration_page.page()
DNSRECORD = dnsrecord_page.page()
SOURCE = ROOT / "operator-src/src/esddns"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    """What is in docs/ is what the generator writes now."""
    written = (ROOT / f"docs/{name}.md").read_text("utf-8")
    assert written == PAGES[name](), f"docs/{name}.md is old: run `make generated`"


@pytest.mark.parametrize("name", PAGES)
def test_the_prose_is_not_too_wide(name: str) -> None:
    """Lines of prose, as they stand in the template, are 118 characters at most."""
    text = Path(__file__).with_name(f"{name}.md.in").read_text("utf-8")
    for fence in fences(text):
        text = text.replace(fence.text, "")
    wide = [
        line for line in text.splitlines() if len(line) > 118 and not line.startswith(("|", "{{"))
    ]
    assert wide == []


# dns.ini


def row(page: str, cell: str) -> list[str]:
    """The cells of the one row that begins with `cell`."""
    (found,) = re.findall(rf"^\| {re.escape(cell)} \|(.*)\|$", page, re.MULTILINE)
    return [one.strip() for one in re.split(r"(?<!\\)\|", found)]


def test_a_new_key_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds a key to the table of keys has it on the page, with all that the table says."""
    new = Key("dns", "colour", "blue", "blue, red", "What it looks like.", many=True)
    monkeypatch.setattr(schema, "KEYS", (*KEYS, new))
    page = configuration_page.page()
    assert row(page, "`colour`") == ["`blue`", "blue, red; a list", "What it looks like."]
    assert page != CONFIGURATION


def test_a_new_section_wants_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that the template has no place for is not left out in silence."""
    monkeypatch.setattr(schema, "SECTIONS", (*schema.SECTIONS, "paint"))
    with pytest.raises(ValueError, match=r"no place for \['keys paint'\]"):
        configuration_page.page()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}.{key.name}")
def test_every_key_is_described(key: Key) -> None:
    """In its section's table: default, allowed values and meaning; what is required is marked."""
    section = CONFIGURATION.partition(f"### `[{key.section}]`\n")[2].partition("\n##")[0]
    default, allowed, meaning = row(section, f"`{key.name}`")
    assert default == ("**required**" if key.required else default)
    assert key.required or default in {f"`{key.default}`", "(empty)", "\N{EN DASH}"}
    assert allowed.startswith(key.range)
    assert meaning == key.meaning


def test_the_defaults_that_the_page_shows() -> None:
    """[cluster] written out says the same as nothing; test_config_schema.py holds that of the others."""
    written = [f"{key.name} = {key.default}" for key in schema.keys_of("cluster")]
    text = "\n".join(["[cluster]", *written])
    assert parse(text, file="dns.ini", builtin=BUILTIN) == parse(
        "", file="dns.ini", builtin=BUILTIN
    )
    assert not [key for key in KEYS if key.optional and key.default]


def said(text: str, short: ShortForm = NO_SHORT_FORM) -> list[str]:
    """What the program says of a dns.ini."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=BUILTIN, short=short)
    return [str(problem) for problem in caught.value.problems]


def test_the_messages_that_the_page_shows() -> None:
    """They are what the program says."""
    shown, twice, *_ = (f.text.splitlines() for f in fences(CONFIGURATION) if f.language == "text")
    wrong = "[record:home.example.org]\nttl = 60\n[gandi]\ntime-out = 5\n[detection]\nquorum = 9\n"
    assert said(wrong)[1:] == shown  # the first is about the name
    home = "home.example.com"
    text = f"[gandi]\nurl = http://127.0.0.1/\n[record:{home}]\n"
    assert said(text, ShortForm(target_domain=home)) == twice


def example() -> str:
    """The dns.ini of the page."""
    (found,) = [fence.text for fence in fences(CONFIGURATION) if fence.language == "ini"]
    return found


def read(text: str) -> Settings:
    """Take a dns.ini whose names are under example.com, as only another API than Gandi's does."""
    elsewhere = text.replace("url = https://api.gandi.net/v5/livedns", "url = https://127.0.0.1/")
    return parse(elsewhere, file="dns.ini", builtin=BUILTIN, require_records=True, in_cluster=True)


def test_the_example_is_good() -> None:
    """The program takes it, on a cluster too, and its comments with the keys that are left out."""
    settings = read(example())
    assert {str(record.fqdn) for record in settings.records} == {
        "home.example.com",
        "*.apps.example.com",
    }
    assert {"office", "branch", "turn"} <= {source.name for source in settings.detection.sources}
    full = read(re.sub(r"^;(?=[a-z-]+ =)", "", example(), flags=re.MULTILINE))
    assert full.detection.accept_networks
    assert full.detection.heartbeat_url
    assert full.dns.servers


def test_the_example_has_every_key() -> None:
    """Nobody has to look elsewhere for how one is written; what is not said otherwise is the default."""
    found: set[tuple[str, str]] = set()
    section = ""
    for line in example().splitlines():
        if header := re.match(r"\[(.*)\]$", line):
            section = schema.section_kind(header[1]) or ""
        elif key := re.match(r";?([a-z0-9-]+) = (.+?)(?: +;.*)?$", line):
            found.add((section, key[1]))
    assert found == {(key.section, key.name) for key in KEYS}


# DNSRecord


@pytest.fixture(scope="session")
def cel() -> Any:
    """The CEL interpreter, where it is installed."""
    return pytest.importorskip("cel", reason="common-expression-language is not installed")


def examples() -> list[dict[str, Any]]:
    """Every object of the page."""
    return [
        obj
        for fence in fences(DNSRECORD)
        if fence.language == "yaml"
        for obj in yaml.safe_load_all(fence.text)
    ]


def record(obj: dict[str, Any]) -> DnsRecord:
    """Read an object as the API server would hand it over."""
    stored = {"uid": "u", "generation": 1, "creationTimestamp": "2026-11-22T21:00:00Z"}
    return read_dnsrecord({**obj, "metadata": {**obj["metadata"], **stored}}, real_gandi=False)


@pytest.mark.parametrize("obj", examples(), ids=lambda obj: str(obj["metadata"]["name"]))
def test_an_example_is_taken(obj: dict[str, Any], cel: Any) -> None:
    """By the API server, its rules included, and by the program."""
    assert obj["kind"] == "DNSRecord"
    full = defaulted(obj)
    assert list(schema_errors(full)) == []
    assert list(rule_errors(cel, full)) == []
    assert record(obj).fqdn == obj["spec"]["fqdn"]


def test_there_is_an_example_of_each() -> None:
    """Every kind of source and type, a wildcard, an apex, and every policy that is not the default."""
    found = [record(obj) for obj in examples()]
    assert {type(one.source) for one in found} == {Wan, ServiceRef, Static}
    assert {str(rrtype) for one in found for rrtype in one.types} == {"A", "AAAA", "CNAME", "ALIAS"}
    assert any(one.fqdn.startswith("*.") for one in found)
    assert any(one.fqdn == one.zone for one in found)
    assert {one.deletion for one in found} == set(DeletionPolicy)
    assert {one.drift for one in found} == set(Drift)
    assert {one.suspend for one in found} == {True, False}
    assert len({one.id for one in found}) == len(found)


def test_the_first_example_writes_the_defaults_out() -> None:
    """With the name alone an object says the same, but for the zone."""
    first = record(examples()[0])
    alone = {**examples()[0], "spec": {"fqdn": first.fqdn, "zone": first.zone}}
    assert record(alone) == first


def test_every_field_is_described() -> None:
    """Each field of spec and status has a row, and each rule its message."""
    for path, one in nodes():
        part, _, field = path.removeprefix(".").replace("[*]", "[]").partition(".")
        if part in {"spec", "status"} and field and not field.endswith("[]"):
            assert f"| `{field}` |" in DNSRECORD, path
            assert one["description"], path
        for rule in one.get("x-kubernetes-validations", ()):
            message = " ".join(rule["message"].split())
            assert message.replace("*", "\\*") in DNSRECORD


def test_limits_are_shown() -> None:
    """Kinds of limits that the CRD has are kinds that the page knows."""
    known = {
        "type", "description", "properties", "required", "items", "default", "enum", "format", "minimum",
        "maximum", "minLength", "maxLength", "minItems", "maxItems", "x-kubernetes-validations",
        "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
    }  # fmt: skip
    assert {word for _, one in nodes() for word in one} <= known
    assert row(DNSRECORD, "`ttl`")[:3] == ["integer", "`300`", "300…2592000"]
    spec = DNSRECORD.partition("\n## spec\n")[2].partition("\n## ")[0]
    assert row(spec, "`source`")[:2] == ["object", "`{type: WAN}`"]
    assert row(spec, "`types`")[:2] == ["list of strings", "`[A]`"]
    assert SCHEMA["properties"]["spec"]["required"] == ["fqdn"]
    assert row(spec, "`fqdn`")[1] == "**required**"


def test_every_reason_is_described() -> None:
    """Conditions' reasons and those of Events that something tells; no sentence is left over."""
    assert set(REASONS) == {reason.name for reason in Reason}
    for reason in Reason:
        assert row(DNSRECORD, f"`{reason}`" + f" | {reason.ready}")
    events = dnsrecord_page.told()
    assert len(events) > 15
    assert {reason.name for reason in events} <= set(EVENTS)
    for event in events:
        kind = "Normal" if event.normal else "Warning"
        assert f"| `{event}` | {kind} | " in DNSRECORD


def test_every_mark_is_described() -> None:
    """Each esddns.io/… name that the code knows, the API's own version apart, is on the page."""
    text = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    found = set(re.findall(r"\besddns\.io/[a-z][a-z0-9-]*", text)) - {"esddns.io/v1alpha1"}
    assert len(found) >= 6
    assert {name for name in found if f"| `{name}` |" not in DNSRECORD} == set()


# What both are made with


def test_a_template_is_filled_whole(tmp_path: Path) -> None:
    """A place without a part, or a part without a place, is said."""
    template = tmp_path / "page.md.in"
    template.write_text("a {{one}} b\n", encoding="utf-8")
    assert fill(template, {"one": lambda: "1"}) == "a 1 b\n"
    with pytest.raises(ValueError, match=r"nothing for \['one'\]"):
        fill(template, {})
    with pytest.raises(ValueError, match=r"no place for \['two'\]"):
        fill(template, {"one": lambda: "1", "two": lambda: "2"})


def test_a_bar_is_no_new_cell() -> None:
    """A cell may have one."""
    assert table(["a", "b"], [["1|2", "3"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"
