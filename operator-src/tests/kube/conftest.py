"""Every contract holds in process and over HTTP."""

from __future__ import annotations

import functools
import gc
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kube.sites import http_site, model_site, play


@pytest.fixture(params=[model_site, http_site], ids=["model", "http"])
def play_both(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Play a scenario on virtual time, once in process and once by the real client over HTTP."""
    return functools.partial(play, site=request.param)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key beside it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    place = tmp_path_factory.mktemp("tls")
    command = f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")]
    subprocess.run([*command.split(), *named, *files], check=True, capture_output=True)  # noqa: S603 - fixed
    return place / "cert.pem"


@pytest.fixture(autouse=True, scope="module")
def _everything_is_closed() -> Iterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()
