"""Makes a self-signed certificate, as a process of its own: what that needs of memory is given back.

`python -m esddns.shell.web.self_signed NAME…` writes key and certificate to stdout, in PEM form.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(days=397)  # longer ones browsers refuse

_TIME = 30.0  # seconds; it takes half of one


class SelfSignedError(Exception):
    """No certificate could be made: says why, and what to do."""


async def self_signed(names: Sequence[str]) -> str:
    """Give a new key and its certificate for `names`, in PEM form. Raises SelfSignedError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, *names,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_TIME):
            pem, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise SelfSignedError(f"no self-signed certificate within {_TIME:g} s") from None
    if process.returncode == 0:
        return pem.decode("ascii")
    said = errors.decode(errors="replace").strip().splitlines() or ["nothing"]
    if "ModuleNotFoundError" in said[-1]:
        raise SelfSignedError(
            "a self-signed certificate needs the package cryptography: install esddns[cluster], mount a "
            "certificate, or serve no TLS with --tls-listen ''"
        )
    raise SelfSignedError(f"no self-signed certificate could be made: {said[-1][:200]}")


def _make(names: Sequence[str], now: datetime) -> bytes:
    from cryptography import x509  # noqa: PLC0415  # only the process that makes one has it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "esddns (self-signed)")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__":
    sys.stdout.buffer.write(_make(sys.argv[1:], datetime.now(UTC)))
