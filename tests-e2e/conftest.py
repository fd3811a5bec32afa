"""The cluster, and what runs in it. What a test breaks it mends before the next."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_kind.cluster import KindCluster

from harness.argocd import ArgoCD
from harness.cluster import Cluster
from harness.deployment import Deployment, deploy
from harness.esddns import Esddns, unhandled
from harness.evidence import collect
from harness.expected import ROOT
from harness.figures import Figures
from harness.git_server import GitServer
from harness.internet import FIRST_WAN, Internet
from harness.kubectl import Kubectl
from harness.load_balancer import LoadBalancer
from harness.nodes import Nodes
from harness.progress import Progress
from harness.simulator import Addresses, addresses

# The order of a day: it comes up, is used, breaks, and is taken away at last.
ORDER = (
    "image", "cold_start", "git", "self_heal", "wan_change", "leader", "isolation", "api_server", "rollout",
    "gandi", "page", "monitoring", "security", "commands", "flux", "drift", "removal",
    "flux_controllers",
)  # fmt: skip

_figures = pytest.StashKey[Figures]()
_told = pytest.StashKey[list[BaseException]]()
_made = pytest.StashKey[Cluster]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the table."""
    config.stash[_figures] = Figures()
    config.stash[_told] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the order of a day; a file that has no place in it is a mistake (ValueError)."""
    items.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the closing table."""
    terminalreporter.section("what was measured")
    for line in config.stash[_figures].lines():
        terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Collect what is to be seen when a test fails, or what it needs: the latter once for all tests."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy's wrappers are typed so
    told = item.config.stash[_told]
    if (
        report.failed
        and call.excinfo is not None
        and call.when != "teardown"
        and isinstance(item, pytest.Function)
        # What a fixture raised is raised again for each test that wants it.
        and not any(call.excinfo.value is before for before in told)
    ):
        cluster = item.config.stash.get(_made, None)
        if cluster is not None:
            told.append(call.excinfo.value)
            folder = ROOT / "tests-e2e" / ".evidence"
            where = collect(
                cluster.kubectl, cluster.internet, folder, item.name, report.longreprtext
            )
            report.sections.append(("evidence", f"all that was to be seen is in {where}"))
    return report  # type: ignore[return-value]


@pytest.fixture(scope="module", autouse=True)
def _nothing_unhandled(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each file of tests: no pod of esddns has logged what none of its code has handled."""
    yield
    cluster = request.config.stash.get(_made, None)
    if cluster is not None:
        assert unhandled(cluster.kubectl) == []


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Figures:
    """What the tests measured."""
    return request.config.stash[_figures]


@pytest.fixture(scope="session")
def progress(request: pytest.FixtureRequest) -> Progress:
    """Say what goes on."""
    return Progress(request.config)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, progress: Progress) -> Iterator[Cluster]:
    """A cluster with the images, the simulator and a load balancer, and nothing of esddns yet."""
    option = request.config.getoption
    kind = KindCluster(
        option("cluster_name"),
        Path(option("kubeconfig")) if option("kubeconfig") else None,
        image=option("kind_image"),
        kind_path=_program(option("kind_bin"), "kind"),
        kubectl_path=_program(option("kind_kubectl_bin"), "kubectl"),
    )
    with progress.step(f"cluster {kind.name}: one control plane, two workers"):
        if not option("keep_cluster"):
            # One of a run that was killed is in no state that a test could count on.
            kind.ensure_kind()
            kind.delete()
        kind.create(ROOT / "tests-e2e" / "kind.yaml")
        kind.ensure_kubectl()
    made = Cluster(kind, progress)
    request.config.stash[_made] = made
    made.set_up()
    try:
        yield made
    finally:
        made.load_balancer.stop()
        if option("keep_cluster"):
            progress.say(f"the cluster {kind.name} is kept: KUBECONFIG={kind.kubeconfig_path}")
        else:
            with progress.step(f"deleting the cluster {kind.name}"):
                kind.delete()


def _program(option: str | None, name: str) -> Path | None:
    """Return where a program is; None has pytest-kind fetch it, in the version that tests-e2e/run names."""
    found = option or (None if f"{name.upper()}_VERSION" in os.environ else shutil.which(name))
    return Path(found) if found else None


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    """Run kubectl for the cluster."""
    return cluster.kubectl


@pytest.fixture(scope="session")
def nodes(cluster: Cluster) -> Nodes:
    """Return the cluster's nodes."""
    return cluster.nodes


@pytest.fixture(scope="session")
def load_balancer(cluster: Cluster) -> LoadBalancer:
    """Return what gives Services an address."""
    return cluster.load_balancer


@pytest.fixture(scope="session")
def _internet(cluster: Cluster) -> Internet:
    return cluster.internet


@pytest.fixture
def internet(_internet: Internet) -> Iterator[Internet]:
    """Return the Internet as it is at first, with no call counted; what a test broke is mended after it."""
    _internet.move(FIRST_WAN)
    _internet.forget_calls()
    yield _internet
    _internet.lift_all()


@pytest.fixture(scope="session")
def simulator(kubectl: Kubectl) -> Addresses:
    """Return where in the cluster the outside is."""
    return addresses(kubectl)


@pytest.fixture(scope="session")
def argocd(cluster: Cluster, progress: Progress) -> Iterator[ArgoCD]:
    """Argo CD, ready, with no Application yet."""
    made = cluster.install_argocd(ROOT, progress)
    yield made
    made.stop_watch()


@pytest.fixture(scope="session")
def git(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A Git server with this repository as it is now."""
    server = GitServer(tmp_path_factory.mktemp("git"), cluster.nodes.gateway())
    server.start(ROOT)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def esddns(cluster: Cluster, _internet: Internet) -> Esddns:
    """Return esddns in the cluster, deployed or not."""
    return Esddns(cluster.kubectl, cluster.nodes, _internet)


@pytest.fixture(scope="session")
def deployed(
    cluster: Cluster, argocd: ArgoCD, git: GitServer, esddns: Esddns, progress: Progress
) -> Deployment:
    """Have Argo CD bring esddns from Git; the Secret comes only when the pods wait for it."""
    with progress.step("esddns from Git"):
        deployment = deploy(cluster, argocd, git, esddns)
    # Only now: until the first sync everything is out of sync.
    argocd.start_watch()
    return deployment
