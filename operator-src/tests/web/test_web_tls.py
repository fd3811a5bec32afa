"""HTTPS: the mounted certificate as it is now, a self-signed one without it, and never none at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from esddns.core.x509 import not_after
from esddns.shell.web import self_signed as module
from esddns.shell.web.certificate import Certificate
from esddns.shell.web.self_signed import LIFETIME, SelfSignedError, self_signed
from web.web_site import FakeAgent, Site, get, serving

WITHOUT = """\
import runpy, sys
sys.modules["cryptography"] = None
runpy.run_module("esddns.shell.web.self_signed", run_name="__main__")
"""
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def made(
    name: str, ends: datetime = NOON + timedelta(days=90), *, key: ec.EllipticCurvePrivateKey | None = None,
    password: bytes | None = None,
) -> tuple[bytes, bytes]:  # fmt: skip
    """A certificate for that name and its key, in PEM form."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(ends, NOON) - timedelta(days=400))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def mount(folder: Path, pair: tuple[bytes, bytes]) -> None:
    """Put a pair where a kubelet would, the one after the other."""
    folder.mkdir(exist_ok=True)
    (folder / "tls.crt").write_bytes(pair[0])
    (folder / "tls.key").write_bytes(pair[1])


def trusting(pem: bytes | None = None) -> ssl.SSLContext:
    """A client that trusts this certificate only, or anything at all."""
    context = ssl.create_default_context(cadata=pem.decode() if pem else None)
    if pem is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def served(site: Site, context: ssl.SSLContext | None = None) -> x509.Certificate:
    """The certificate that is shown to who comes now; blocks."""
    with (
        socket.create_connection(("127.0.0.1", site.tls_port), timeout=10) as plain,
        (context or trusting()).wrap_socket(plain, server_hostname="status.test") as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


async def name_served(site: Site) -> str:
    """The name in it."""
    certificate = await asyncio.to_thread(served, site)
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(name)


async def look(site: Site) -> None:
    """Have the service look at its files now."""
    assert site.service.certificate is not None
    await site.service.certificate.look()


async def test_without_a_certificate(agent: FakeAgent, tmp_path: Path) -> None:
    """Without one mounted a self-signed one is made, on P-256, for the Service's names."""
    async with serving(agent, tls_dir=tmp_path / "none") as site:
        assert (await get(site.tls_port, "/raw", tls=trusting())).status == 200
        certificate = await asyncio.to_thread(served, site)
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert "esddns-service.esddns.svc" in names.get_values_for_type(x509.DNSName)
        lasts = certificate.not_valid_after_utc - datetime.now(UTC)
        assert LIFETIME - timedelta(minutes=5) < lasts <= LIFETIME
        metrics = await site.metrics()
        ends = metrics["esddns_certificate_not_after_timestamp"]
        assert ends == certificate.not_valid_after_utc.timestamp()
        assert metrics["esddns_certificate_self_signed"] == 1
        assert metrics["esddns_certificate_unused"] == 0


async def test_a_mounted_certificate(agent: FakeAgent, tmp_path: Path) -> None:
    """A mounted one is used, so that a client that checks it is content; its end is a metric."""
    pair = made("status.test", datetime.now(UTC) + timedelta(days=9))
    mount(tmp_path / "tls", pair)
    async with serving(agent, tls_dir=tmp_path / "tls") as site:
        certificate = await asyncio.to_thread(served, site, trusting(pair[0]))
        metrics = await site.metrics()
        ends = metrics["esddns_certificate_not_after_timestamp"]
        assert ends == certificate.not_valid_after_utc.timestamp()
        assert metrics["esddns_certificate_self_signed"] == 0


async def test_a_change_of_the_files(agent: FakeAgent, tmp_path: Path) -> None:
    """Changed files are in use for the next connection; one that is open goes on with the old ones."""
    mount(tmp_path, made("first"))
    async with serving(agent, tls_dir=tmp_path) as site:
        assert await name_served(site) == "first"
        reader, writer = await asyncio.open_connection("127.0.0.1", site.tls_port, ssl=trusting())
        mount(tmp_path, made("second"))
        await look(site)
        assert await name_served(site) == "second"
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()


async def test_the_files_are_looked_at(
    agent: FakeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to tell: the service looks at its files by itself."""
    monkeypatch.setattr("esddns.shell.web.certificate._LOOK", 0.05)
    mount(tmp_path, made("first"))
    async with serving(agent, tls_dir=tmp_path) as site:
        mount(tmp_path, made("second"))

        async def changed() -> bool:
            return await name_served(site) == "second"

        await site.until(lambda _raw: changed())


@pytest.mark.parametrize(
    "broken", ["key", "other key", "certificate", "cut", "empty", "password", "missing"]
)
async def test_a_broken_pair(
    agent: FakeAgent, tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A pair that is no good leaves the last one in use; it is said once and shown, until it is mended."""
    good, other = made("good"), made("other")
    mount(tmp_path, good)
    pairs = {
        "key": (other[0], b"nonsense"), "other key": (other[0], good[1]), "certificate": (b"x", other[1]),
        "cut": (other[0][:200], other[1]), "empty": (b"", b""),
        "password": made("other", password=b"secret"), "missing": other,
    }  # fmt: skip
    async with serving(agent, tls_dir=tmp_path) as site:
        mount(tmp_path, pairs[broken])
        if broken == "missing":
            (tmp_path / "tls.key").unlink()
        for _ in range(3):
            await look(site)
        assert await name_served(site) == "good"
        assert (await site.metrics())["esddns_certificate_unused"] == 1
        said = [one.message for one in caplog.records if one.levelname == "ERROR"]
        assert said == ["the TLS certificate is not used; another is served"]
        assert "secret" not in caplog.text
        mount(tmp_path, other)
        await look(site)
        assert await name_served(site) == "other"
        assert (await site.metrics())["esddns_certificate_unused"] == 0


async def test_files_that_go_away(agent: FakeAgent, tmp_path: Path) -> None:
    """A Secret that is deleted leaves the last certificate in use, and is shown."""
    mount(tmp_path, made("good"))
    async with serving(agent, tls_dir=tmp_path) as site:
        for name in ("tls.crt", "tls.key"):
            (tmp_path / name).unlink()
        await look(site)
        assert await name_served(site) == "good"
        assert (await site.metrics())["esddns_certificate_unused"] == 1


async def test_a_broken_pair_from_the_start(agent: FakeAgent, tmp_path: Path) -> None:
    """Where the mounted pair is no good from the start a self-signed one answers; then the good one comes."""
    mount(tmp_path, (b"nonsense", b"nonsense"))
    async with serving(agent, tls_dir=tmp_path) as site:
        assert await name_served(site) == "esddns (self-signed)"
        assert (await site.metrics())["esddns_certificate_unused"] == 1
        mount(tmp_path, made("good"))
        await look(site)
        assert await name_served(site) == "good"
        metrics = await site.metrics()
        assert (
            metrics["esddns_certificate_unused"],
            metrics["esddns_certificate_self_signed"],
        ) == (0, 0)


async def test_versions(agent: FakeAgent, tmp_path: Path) -> None:
    """TLS 1.2 and 1.3 are spoken, 1.1 is not."""
    mount(tmp_path, made("status.test"))
    async with serving(agent, tls_dir=tmp_path) as site:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting()
            context.minimum_version = context.maximum_version = version
            assert (await get(site.tls_port, "/healthz", tls=context)).status == 200
        old = trusting()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError):
            await get(site.tls_port, "/healthz", tls=old)


async def test_a_self_signed_one_is_renewed(tmp_path: Path) -> None:
    """A self-signed one is made again 30 days before its end; where that fails it stays, and it is said."""
    clock, count, fails = NOON, 0, False

    async def make() -> str:
        nonlocal count
        if fails:
            raise SelfSignedError("no")
        count += 1
        pem, key = made(f"number {count}", clock + LIFETIME)
        return (key + pem).decode()

    certificate = Certificate(tmp_path / "none", make, lambda: clock)
    for days, expected in ((0, 1), (300, 1), (366, 1), (368, 2), (368, 2)):
        clock = NOON + timedelta(days=days)
        await certificate.look()
        assert count == expected
    fails, clock = True, clock + timedelta(days=380)
    context = certificate.context
    await certificate.look()
    assert certificate.context is context
    with pytest.raises(SelfSignedError):
        await Certificate(tmp_path / "none", make, lambda: clock).look()


async def test_it_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that makes one it says so, and what to do; any other end of the process too."""
    # As where it is not installed.
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(module, "__name__", "esddns.shell.web.no_such_module")
    with pytest.raises(SelfSignedError, match="could be made"):
        await self_signed(["x"])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITHOUT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"ModuleNotFoundError" in said.splitlines()[-1]


@pytest.mark.parametrize(
    "ends",
    [NOON, datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC),
     datetime(1999, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)],
)  # fmt: skip
def test_the_end_of_a_certificate(ends: datetime) -> None:
    """The end is read as another library reads it, in either form that the standard has for it."""
    pem, _ = made("x" * 60, ends)
    assert (
        not_after(pem.decode()) == ends == x509.load_pem_x509_certificate(pem).not_valid_after_utc
    )


def test_the_end_of_a_chain() -> None:
    """Of several certificates in a file the first counts, as it does for TLS; a large key is no matter."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "large")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 2**150, NOON, NOON)
    first = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert not_after("a comment\n" + (first + made("other")[0]).decode()) == NOON


def damaged() -> Sequence[str]:
    """Certificates that are none."""
    pem = made("x")[0].decode()
    lines = pem.splitlines()
    return [
        "", "nonsense", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----",
        "\n".join([lines[0], *lines[2:]]), "\n".join([*lines[:2], lines[-1]]),
    ]  # fmt: skip


@pytest.mark.parametrize("pem", damaged())
def test_what_is_no_certificate(pem: str) -> None:
    """Anything else is a ValueError."""
    with pytest.raises(ValueError, match="certificate"):
        not_after(pem)
