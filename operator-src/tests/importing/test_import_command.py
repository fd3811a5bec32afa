"""`esddns import` as a command: formats told apart, files that are none, --output, DNSRecords, --help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from esddns import cli
from esddns.core.dnsrecord_read import read_dnsrecord
from importing.conftest import FILES, Run

ONE = FILES / "ddclient-one.conf"
METADATA = {"uid": "1", "generation": 1, "creationTimestamp": "2026-11-22T21:00:00Z"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "found nothing in it"),
        (b" \n\t\n", "found nothing in it"),
        (b"\xff\xfe", "FILE:1: found bytes that are not UTF-8: save it as UTF-8"),
        (b"a\nb\xe9", "FILE:2: found bytes that are not UTF-8"),
        (b"protocol=gandi\n\0", "FILE:2: found a control character: not a text file"),
        (b"\x7fELF", "FILE:1: found a control character"),
        (b"a" * ((1 << 20) + 1), "found more than 1 MiB: not a configuration file"),
        (b"what is this", "found neither a ddclient.conf"),
        (b"[record:a.b]\n", "found a dns.ini of today's esddns"),
        (b"[gandi]\nauth = apikey\n", "found a dns.ini of today's esddns"),
        (b"[WANIPState]\n[gandi]\nprotocol=gandi", "of an older dns.ini and of a ddclient.conf"),
        (b"protocol=dyndns2 a.b", "no record can be carried over"),
    ],
)
def test_refused(run: Run, text: bytes, said: str) -> None:
    """What cannot be imported is 2: nothing on stdout, and words on stderr that say why."""
    done = run(text)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_no_files(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory, a file that is not there, or one that may not be read is said to be so."""
    run("x", name="closed")
    Path("closed").chmod(0)
    for name, said in (
        (str(tmp_path), "found a directory"),
        ("gone", "there is no such file"),
        ("FILE/gone", "there is no such file"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("0123456789abcdef01234567", "FILE: there is no such file"),
        *([] if os.geteuid() == 0 else [("closed", "permission denied")]),
    ):
        assert cli.main(["import", name]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("ddclient-one.conf", "ddclient"),
        ("ddclient-crlf.conf", "ddclient"),
        ("ddns-updater.json", "ddns-updater"),
        ("older-literal.ini", "esddns"),
    ],
)
def test_the_tool_is_told(run: Run, name: str, tool: str) -> None:
    """The format is told by the content, and said; --from gives the same."""
    told, given = run(FILES / name), run(FILES / name, "--from", tool)
    said = "an older esddns" if tool == "esddns" else tool
    assert told.err.startswith(f"{name}: a file of {said}, told by what is in it\n")
    assert given.err.startswith(f"{name}: a file of {said}, as --from says\n")
    assert (told.code, told.out) == (given.code, given.out)


def test_a_byte_order_mark(run: Run) -> None:
    """A file that begins with a byte order mark is read."""
    assert run(b"\xef\xbb\xbf" + ONE.read_bytes()).code == 0


def test_output(run: Run) -> None:
    """--output writes a file that is not there, and never touches one that is."""
    done = run(ONE, "--output", "dns.ini")
    assert (done.code, done.out) == (0, "")
    written = Path("dns.ini").read_text("utf-8")
    assert written == run(ONE).out
    Path("dns.ini").write_text("mine")
    again = run(ONE, "--output", "dns.ini")
    assert (again.code, Path("dns.ini").read_text("utf-8")) == (2, "mine")
    assert "--output: dns.ini exists, and is not overwritten: name another" in again.err
    assert "cannot be written" in run(ONE, "--output", "no/such/folder").err


@pytest.mark.parametrize("name", ["ddclient-one.conf", "ddclient-nasty.conf", "ddns-updater.json"])
def test_dnsrecords(run: Run, name: str) -> None:
    """--as dnsrecords gives the records of dns.ini as objects that the agents take."""
    objects = list(yaml.safe_load_all(run(FILES / name, "--as", "dnsrecords").out))
    read = [
        read_dnsrecord(o | {"metadata": o["metadata"] | METADATA}, real_gandi=True) for o in objects
    ]
    found = {f"{r.fqdn}/{rrtype}": (r.ttl, r.zone) for r in read for rrtype in r.types}
    settings = run(FILES / name).settings
    assert found == {
        record.key: (record.ttl, record.zone)
        for record in settings.records
        if settings.detection.ipv6_suffix or record.type != "AAAA"
    }
    assert len({o["metadata"]["name"] for o in objects}) == len(objects)
    assert {o["metadata"]["namespace"] for o in objects} == {"esddns"}


def test_names_of_objects(run: Run) -> None:
    """Names that differ by what Kubernetes does not take are told apart; none looks like a number."""
    hosts = "a_b.esddns.dev a-b.esddns.dev *.esddns.dev wildcard.esddns.dev 1.2 _._"
    done = run(f"protocol=gandi host={','.join(hosts.split())}", "--as", "dnsrecords")
    assert [o["metadata"]["name"] for o in yaml.safe_load_all(done.out)] == [
        "a-b-esddns-dev", "a-b-esddns-dev-2", "wildcard-esddns-dev", "wildcard-esddns-dev-2",
        "record-1-2", "record",
    ]  # fmt: skip


def test_what_is_in_no_dnsrecord(run: Run) -> None:
    """What belongs into the ConfigMap instead is said."""
    done = run(FILES / "ddclient-nasty.conf", "--as", "dnsrecords")
    for line in ("dns.ini: [gandi] auth = apikey", "detection-interval: 30"):
        assert f"not in a DNSRecord: for the ConfigMap esddns-config: {line}\n" in done.err
    assert "not in a DNSRecord: AAAA of home.esddns.dev, esddns.dev, *.esddns.dev" in done.err
    done = run(FILES / "ddns-updater.json", "--as", "dnsrecords")
    for line in ("families = ipv4, ipv6", "ipv6-suffix = ::72ad:8fbb:a54e:bedd"):
        assert f"esddns-config: dns.ini: [detection] {line}\n" in done.err


def test_no_dnsrecord_is_left(run: Run) -> None:
    """Where none can be written the code is 2."""
    done = run("protocol=gandi usev6=webv6 home.esddns.dev", "--as", "dnsrecords")
    assert (done.code, done.out) == (2, "")
    assert "no record is left" in done.err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """--help tells the formats, the exit codes, and what becomes of the token."""
    with pytest.raises(SystemExit):
        cli.main(["import", "--help"])
    said = capsys.readouterr().out
    for words in ("--from {ddclient,ddns-updater,esddns}", "exit codes:\n  0  ", "never written"):
        assert words in said


def test_a_process(tmp_path: Path) -> None:
    """As a process: dns.ini on stdout, notes on stderr."""
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "esddns", "import", str(ONE)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0
    assert done.stdout.startswith("; Written by `esddns import`")
    assert done.stderr.endswith("changes nothing\n")
