"""A kind cluster with what all tests need in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import requests
from pytest_kind.cluster import KindCluster

from harness.argocd import NAMESPACE as ARGOCD
from harness.argocd import ArgoCD
from harness.flux import VERSION as FLUX_VERSION
from harness.flux import Flux
from harness.internet import Internet
from harness.kubectl import Kubectl
from harness.load_balancer import LoadBalancer
from harness.monitoring import NAMESPACE as MONITORING
from harness.monitoring import Monitoring
from harness.nodes import Nodes
from harness.progress import Progress
from harness.waiting import until

IMAGE = "esddns:dev"
SIMULATOR_IMAGE = "esddns-simulator:dev"
_API_PORT, _DNS_PORT, _ARGOCD_PORT = 30080, 30053, 30082
_PROMETHEUS_PORT, _ALERTMANAGER_PORT = 30090, 30093
_ARGOCD_VERSION = "3.6.1"
_ARGOCD_MANIFEST = (
    f"https://raw.githubusercontent.com/argoproj/argo-cd/v{_ARGOCD_VERSION}/manifests/install.yaml"
)
_OPERATOR_VERSION = "0.85.0"
_OPERATOR_MANIFEST = (
    "https://github.com/prometheus-operator/prometheus-operator/releases/download/"
    f"v{_OPERATOR_VERSION}/bundle.yaml"
)


class Cluster:
    """A kind cluster; `set_up` fills it, and does nothing twice."""

    def __init__(self, kind: KindCluster, progress: Progress) -> None:
        self.kind = kind
        self._progress = progress
        self.kubectl = Kubectl(kind.kubectl_path, kind.kubeconfig_path)
        self.nodes = Nodes(kind.name)
        self.load_balancer = LoadBalancer(self.kubectl, self.nodes, kind.name)
        self._address = self.nodes.address(self.nodes.control_plane)
        self.internet = Internet(self._address, _API_PORT, _DNS_PORT)

    def set_up(self) -> None:
        """Load the images and start the simulator and the load balancer."""
        with self._progress.step("images into the nodes"):
            self.kind.load_docker_image(IMAGE)
            self._load_on_control_plane(SIMULATOR_IMAGE)
        with self._progress.step("simulator"):
            # Where no fault hits it.
            self.kubectl(
                "patch", "deployment", "coredns", "--namespace=kube-system", "--patch",
                '{"spec":{"template":{"spec":{"nodeSelector":{"node-role.kubernetes.io/control-plane":""}}}}}',
            )  # fmt: skip
            # A cluster that was kept runs the image of another day under the same name.
            self.kubectl.delete("deployment", "simulator", namespace="esddns-simulator")
            self.kubectl("apply", "--server-side", "--kustomize", str(_here() / "simulator"))
            self.kubectl.rolled_out("deployment/simulator", "esddns-simulator")
            self.kubectl.rolled_out("deployment/coredns", "kube-system")
            _reached(f"http://{self._address}:{_API_PORT}")
        self.load_balancer.start()

    def install_argocd(self, root: Path, progress: Progress) -> ArgoCD:
        """Apply Argo CD's own manifests with the few changes of tests-e2e/argocd, and wait for it."""
        argocd = ArgoCD(self.kubectl, f"http://{self._address}:{_ARGOCD_PORT}")
        with progress.step(f"Argo CD {_ARGOCD_VERSION}"), tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copytree(_here() / "argocd", folder / "argocd")
            manifest = os.environ.get("ARGOCD_MANIFEST")
            text = Path(manifest).read_text() if manifest else _download(_ARGOCD_MANIFEST)
            (folder / "argocd" / "install.yaml").write_text(text)
            components = ""
            if image := os.environ.get("ARGOCD_IMAGE"):
                self._load_on_control_plane(image)
                shutil.copytree(_here() / "offline" / "argocd", folder / "images")
                components = "components: [images]\n"
            (folder / "kustomization.yaml").write_text(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
                f"resources: [argocd]\n{components}"
            )
            # The namespace first: server-side apply of one that is only about to be is refused.
            self.kubectl("apply", "--server-side", f"--filename={folder}/argocd/namespace.yaml")
            self._apply(folder)
            health = str(root / "apps" / "argocd" / "health")
            self.kubectl("apply", "--server-side", "--field-manager=esddns", "--kustomize", health)
            for workload in (
                "deployment/argocd-redis",
                "deployment/argocd-repo-server",
                "deployment/argocd-server",
                "statefulset/argocd-application-controller",
            ):
                self.kubectl.rolled_out(workload, ARGOCD)
            _reached(argocd.url)
        return argocd

    def install_prometheus_operator(self) -> None:
        """Apply the Prometheus operator's own manifests, its definitions among them, and wait for it."""
        with (
            self._progress.step(f"Prometheus operator {_OPERATOR_VERSION}"),
            tempfile.TemporaryDirectory() as name,
        ):
            folder = Path(name)
            shutil.copytree(_here() / "monitoring" / "operator", folder, dirs_exist_ok=True)
            shutil.copy(_here() / "argocd" / "on-the-control-plane.yaml", folder)
            manifest = os.environ.get("OPERATOR_MANIFEST")
            text = Path(manifest).read_text() if manifest else _download(_OPERATOR_MANIFEST)
            (folder / "bundle.yaml").write_text(text)
            for image in os.environ.get("MONITORING_IMAGES", "").split():
                self._load_on_control_plane(image)
            self.kubectl("apply", "--server-side", f"--filename={folder}/namespace.yaml")
            self._apply(folder)
            self.kubectl.rolled_out("deployment/prometheus-operator", MONITORING)

    def start_prometheus(self) -> Monitoring:
        """Have the operator run Prometheus and Alertmanager, and wait for both."""
        with self._progress.step("Prometheus and Alertmanager"):
            self._apply(_here() / "monitoring" / "site")
            for workload in ("prometheus-prometheus", "alertmanager-alertmanager"):
                get = partial(self.kubectl.get, "statefulset", workload, MONITORING)
                until("workload made", get)
                self.kubectl.rolled_out(f"statefulset/{workload}", MONITORING)
            prometheus, alertmanager = (
                f"http://{self._address}:{port}" for port in (_PROMETHEUS_PORT, _ALERTMANAGER_PORT)
            )
            _reached(prometheus)
            _reached(alertmanager)
        return Monitoring(prometheus, alertmanager)

    def install_flux(self, folder: Path) -> Flux:
        """Apply Flux's release, with its images where this machine has them, and wait for it."""
        with self._progress.step(f"Flux {FLUX_VERSION}"):
            for image in os.environ.get("FLUX_IMAGES", "").split():
                self.kind.load_docker_image(image)
            flux = Flux(self.kubectl, self.nodes)
            flux.install(folder)
        return flux

    def remove_monitoring(self) -> None:
        """Take the Prometheus operator away with its definitions; where it is not there nothing is done."""
        self.kubectl.delete("namespace", MONITORING)
        named = self.kubectl("get", "crd", "--output=name").split()
        mine = [name for name in named if name.endswith(".monitoring.coreos.com")]
        if mine:
            self.kubectl("delete", *mine)

    def _apply(self, folder: Path) -> None:
        self.kubectl("apply", "--server-side", "--force-conflicts", "--kustomize", str(folder))

    def _load_on_control_plane(self, image: str) -> None:
        subprocess.run(
            [
                str(self.kind.kind_path), "load", "docker-image", image, f"--name={self.kind.name}",
                f"--nodes={self.nodes.control_plane}",
            ],
            check=True,
        )  # fmt: skip


def _reached(url: str) -> None:
    """Wait until somebody answers: a node learns of a ready pod a moment after the API server does."""

    def answered() -> bool:
        try:
            requests.get(url, timeout=10)
        except (requests.ConnectionError, requests.Timeout):
            return False
        return True

    until("node port reached", answered)


def _here() -> Path:
    return Path(__file__).parent.parent


def _download(url: str) -> str:
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return answer.text
