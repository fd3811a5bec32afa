"""Files of other tools: any text is refused in plain words, or comes to a dns.ini that our parser takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.config.ddclient_file import split_ddclient
from esddns.config.import_ddclient import read_ddclient
from esddns.config.import_ddns_updater import read_ddns_updater
from esddns.config.import_format import Tool, read_imported
from esddns.config.import_older import read_older
from esddns.config.imported import Imported, interface_suffix
from esddns.config.imported_forms import as_dnsrecords, as_ini, beside_dnsrecords, parsed
from esddns.config.report import Report
from esddns.config.settings import ConfigurationError, Settings
from esddns.config.values import BadValueError
from fuzz.damage import dumped, junk, spoilt, spoilt_json, spoilt_text, texts, wild_texts
from fuzz.refusal import check_words

TOKEN = "0123456789abcdefABCDEF0123456789abcdef01"
LONGEST = 2_000  # characters of a note: a name that is quoted has 60, and ten are listed
FILE = "FILE"

DDCLIENT = f"""\
# a comment
daemon=5m, syslog=yes
use=web, web=checkip.dyndns.com/
protocol=dyndns2 server=members.dyndns.org login=me password='pass#word' elsewhere.esddns.dev
protocol=gandi, zone=esddns.dev, \\
  password={TOKEN}, use-personal-access-token=yes, ttl=1h \\
  home, @, *.esddns.dev
usev4=webv4 usev6=ifv6 ifv6="eth\\0" ttl=60 six.esddns.dev
host=a.esddns.dev ttl_env=TTL
b.esddns.dev me {TOKEN}
"""
UPDATER: dict[str, Any] = {
    "settings": [
        {
            "provider": "gandi",
            "domain": "esddns.dev",
            "owner": "@,*,home",
            "personal_access_token": TOKEN,
            "ttl": 600,
            "ip_version": "ipv4 or ipv6",
            "ipv6_suffix": "0:0:0:0:1:2:3:4/64",
        },
        {"provider": "gandi", "domain": "a.esddns.dev,b.esddns.dev", "key": TOKEN},
        {"provider": "cloudflare", "domain": "c.esddns.dev", "token": TOKEN},
    ]
}
OLDER = f"""\
[gandi]
api_key = {TOKEN}
api_url_base = https://api.gandi.net
api_url_domains = /v5/livedns/domains
record_name_root = @
record_ttl = RECORD_TTL
record_type_a = A
target_domain_fqdn = esddns.dev
msg_dns_search_domain = "Searching"
[WANIPState]
ip_check_services = {{"svc": ["https://api.ipify.org/?format=text", "https://ifconfig.me/ip"]}}
[ESDDNS]
daemon_thread_interval = 300
"""
ENVIRON = {"RECORD_TTL": "600", "API_KEY": TOKEN}


def check_imported(imported: Imported, tool: Tool, secret: str) -> Settings | None:
    """Notes are plain words, and what is written is read as it was meant, without the secret."""
    for note in imported.notes:
        for words in (note.what, note.message):
            check_words(words, longest=LONGEST, secret=secret)
            assert secret.lower() not in words.lower()
    if not imported.records:
        return None
    text = as_ini(imported, tool.described)
    settings = parsed(text, "dns.ini")
    assert {record.key: record.ttl for record in settings.records} == {
        f"{record.fqdn}/{rrtype}": record.ttl or 300
        for record in imported.records
        for rrtype in record.types
    }
    for written in (text, as_dnsrecords(imported), *beside_dnsrecords(imported)):
        assert secret.lower() not in written.lower()
    return settings


def check_any(text: str, tool: Tool | None, secret: str = TOKEN) -> None:
    """A text is refused, or comes to something sound."""
    try:
        found, imported = read_imported(text, tool, Report(FILE), ENVIRON)
    except ConfigurationError as error:
        for problem in error.problems:
            check_words(str(problem), longest=LONGEST, secret=secret)
        return
    assert tool in {None, found}
    check_imported(imported, found, secret)


@given(st.one_of(wild_texts, texts, *map(spoilt_text, (DDCLIENT, OLDER, json.dumps(UPDATER)))),
       st.sampled_from([None, *Tool]))  # fmt: skip
@example("", None)
@example("\0", None)
@example("[", None)
@example("protocol=gandi host=a.b password='", None)
@example(f"protocol=gandi zone=a.b {TOKEN}", None)
def test_any_text(text: str, tool: Tool | None) -> None:
    """Any text at all, as a file of any of the tools."""
    check_any(text, tool)


@given(spoilt_text(DDCLIENT, most=6))
@example("password=" + "\\" * 5)
@example("a='\\")
@example("password=x\\,")
@example("protocol=gandi \x01 0 \x01 a.b")
def test_ddclient(text: str) -> None:
    """A spoilt ddclient.conf is read, whatever it says; hosts have lines of the file."""
    for host in split_ddclient(text).hosts.values():
        assert 1 <= host.line <= text.count("\n") + 1
    check_imported(read_ddclient(text, Report(FILE)), Tool.DDCLIENT, TOKEN)


@given(spoilt_json(UPDATER))
@example('{"settings": [{"provider": "gandi", "domain": "\\ud800.a", "ttl": 1e400}]}')
@example('{"settings": [{"provider": "gandi", "domain": "a.b", "ttl": NaN}]}')
def test_ddns_updater(text: str) -> None:
    """A spoilt config.json is refused or read."""
    try:
        imported = read_ddns_updater(text, Report(FILE))
    except ConfigurationError as error:
        check_words(str(error), longest=LONGEST, secret=TOKEN)
    else:
        check_imported(imported, Tool.DDNS_UPDATER, TOKEN)


@given(spoilt(UPDATER, most=6))
def test_ddns_updater_values(document: Any) -> None:
    """A config.json with values out of place shows no token, wherever it went."""
    check_any(dumped(document), Tool.DDNS_UPDATER)


@given(spoilt_text(OLDER, most=6), st.dictionaries(st.just("RECORD_TTL"), texts, max_size=1))
def test_older(text: str, environ: dict[str, str]) -> None:
    """A spoilt dns.ini of the older esddns is refused or read."""
    try:
        imported = read_older(text, Report(FILE), environ)
    except ConfigurationError as error:
        for problem in error.problems:
            check_words(str(problem), longest=LONGEST, secret=TOKEN)
    else:
        check_imported(imported, Tool.ESDDNS, TOKEN)


@given(texts | st.sampled_from(["::1/64", "::1", "1::1/64", "::1/63"]) | junk.map(str))
def test_suffixes(text: str) -> None:
    """A suffix has only its low 64 bits, or is refused."""
    try:
        address = interface_suffix(text)
    except BadValueError:
        return
    assert 0 < int(address) < 1 << 64


@pytest.mark.parametrize(
    "text",
    [
        "protocol=gandi\n" + "a.b\n" * 200_000,
        "protocol=gandi " + "a.b," * 200_000,
        "a" * (1 << 20),
        "a=" * (1 << 19),
        "password" * (1 << 17),
        "password='" * (1 << 16),
        "password=x\\\n" * (1 << 16),
        "'\"" * (1 << 19),
        "\\\n" * (1 << 19),
        "a=1\n" * (1 << 18),
        " " * (1 << 20) + "x",
        "[" * (1 << 20),
        "[a]\n" * (1 << 17),
        '{"settings": [' + "null," * 200_000 + "null]}",
        '{"settings": [{"provider": "gandi", "domain": "' + "a.b," * 200_000 + '"}]}',
    ],
    ids=range(15),
)
@pytest.mark.parametrize("tool", [None, Tool.DDCLIENT, Tool.DDNS_UPDATER])
def test_large(text: str, tool: Tool | None) -> None:
    """A file of a megabyte takes time with its size, not with its square.

    That of an older dns.ini is read as dns.ini is, whose sizes test_fuzz_size has.
    """
    check_any(text, tool)
