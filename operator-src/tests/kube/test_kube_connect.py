"""Where the API server is, and who asks: in a pod, and outside."""

from __future__ import annotations

import datetime as dt
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.aio.config import incluster_config

from esddns.shell.kube.client import KubernetesCluster, connect
from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    ClusterError,
    NotFoundError,
    UnreachableError,
)
from kube.sites import kubeconfig, virtual_now
from standin import ApiServerModel, HttpStandIn
from virtual_time import run_virtual

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")

Scenario = Callable[[HttpStandIn, KubernetesCluster], Awaitable[None]]


@pytest.fixture
def pod(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Scenario], None]:
    """Play as in a pod: a service account in files, an API server with TLS, a proxy for the Internet."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def main(scenario: Scenario) -> None:
        async with HttpStandIn(ApiServerModel(virtual_now), tls) as standin:
            monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(standin.port))
            (tmp_path / "token").write_text(standin.admit("pod"))
            (tmp_path / "namespace").write_text("esddns\n")
            if not (tmp_path / "ca.crt").exists():
                shutil.copy(certificate, tmp_path / "ca.crt")
            cluster = await connect(service_account=tmp_path)
            try:
                await scenario(standin, cluster)
            finally:
                await cluster.close()

    return lambda scenario: run_virtual(main(scenario))


def test_in_a_pod(pod: Callable[[Scenario], None]) -> None:
    """A pod asks as its service account, in its namespace, past any proxy."""

    async def scenario(standin: HttpStandIn, cluster: KubernetesCluster) -> None:
        with pytest.raises(NotFoundError, match="esddns/wan-ip"):
            await cluster.get(CONFIG_MAPS, "wan-ip")
        assert standin.model.client("pod").requests == {("get", "configmaps"): 1}

    pod(scenario)


def test_a_new_token(
    pod: Callable[[Scenario], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that the kubelet renewed is used a minute later; one that cannot be read is told as such."""
    clock = SimpleNamespace(now=dt.datetime.now)
    fake = SimpleNamespace(datetime=clock, timedelta=dt.timedelta)
    monkeypatch.setattr(incluster_config, "datetime", fake)

    def minutes_later(minutes: int) -> None:
        at = dt.datetime.now() + dt.timedelta(minutes=minutes)  # noqa: DTZ005 - as it does
        clock.now = lambda: at

    async def scenario(standin: HttpStandIn, cluster: KubernetesCluster) -> None:
        await cluster.list(CONFIG_MAPS)
        old = (tmp_path / "token").read_text()
        (tmp_path / "token").write_text(standin.admit("pod"))
        minutes_later(2)
        await cluster.list(CONFIG_MAPS)
        standin.revoke(old)
        await cluster.list(CONFIG_MAPS)
        (tmp_path / "token").unlink()
        minutes_later(4)
        with pytest.raises(UnreachableError, match="no credentials"):
            await cluster.list(CONFIG_MAPS)

    pod(scenario)


def test_not_the_api_server(pod: Callable[[Scenario], None], tmp_path: Path) -> None:
    """Nobody but who the cluster's own authority proves is told the token."""
    command = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x"
    files = ["-keyout", str(tmp_path / "other.key"), "-out", str(tmp_path / "ca.crt")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)  # noqa: S603 - fixed

    async def scenario(standin: HttpStandIn, cluster: KubernetesCluster) -> None:
        with pytest.raises(UnreachableError, match="certificate"):
            await cluster.list(CONFIG_MAPS)
        assert standin.seen == []

    pod(scenario)


@pytest.mark.parametrize("left", ["token", "token ca.crt", "token namespace"])
async def test_half_a_service_account(tmp_path: Path, left: str, monkeypatch: Any) -> None:
    """A service account that is not whole is told as such."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    for name in left.split():
        (tmp_path / name).write_text("no certificate")
    with pytest.raises(ClusterError, match="no API server by "):
        await connect(service_account=tmp_path)


async def test_nothing_to_connect_with(tmp_path: Path) -> None:
    """Without a service account or a kubeconfig there is nobody to ask."""
    with pytest.raises(ClusterError, match="no API server by "):
        await connect("esddns", kubeconfig=str(tmp_path / "absent"))


async def test_no_namespace() -> None:
    """Outside a pod the namespace is named."""
    with (
        kubeconfig("http://127.0.0.1:1", "token") as path,
        pytest.raises(ClusterError, match="which namespace"),
    ):
        await connect(kubeconfig=path)
