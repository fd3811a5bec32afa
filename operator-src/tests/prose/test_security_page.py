"""docs/security.md says of rights, flows, pods, tests and signatures what is so."""

from __future__ import annotations

import ast
import re
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations
from pathlib import Path

import pytest

from esddns.config.builtin import BUILTIN
from esddns.config.settings import DetectionSettings, HttpTarget
from esddns.core.decide import decide
from esddns.core.model import Answer, Failure, FailureReason, Family, Observation
from esddns.roles.wiring import make_detectors
from manifests.rendering import ROOT, Object, render, render_with
from prose.prose_pages import read, spans, tables
from prose.security_tables import (
    field,
    flows,
    pod,
    rights,
    stated_flows,
    stated_rights,
)
from workflows.checkout import DIGEST, Checkout
from workflows.conftest import checkout  # noqa: F401  # a fixture

PAGE = "docs/security.md"
TRUTH, LIE = IPv4Address("192.0.2.1"), IPv4Address("203.0.113.66")


def table(*head: str, text: str | None = None) -> list[list[str]]:
    """The rows of the one table whose head begins so."""
    found = [t for t in tables(text or read(PAGE)) if t[0][: len(head)] == list(head)]
    assert len(found) == 1, f"{len(found)} tables | {' | '.join(head)} |"
    return found[0][1:]


def roles(objects: list[Object]) -> list[Object]:
    """The Roles and ClusterRoles of some objects."""
    return [obj for obj in objects if obj["kind"] in {"Role", "ClusterRole"}]


@pytest.fixture(scope="module")
def base() -> list[Object]:
    """What every cluster has."""
    return render(ROOT / "apps/esddns/base")


def test_rights(base: list[Object]) -> None:
    """The table of rights is the base's one Role, and is bound to the agents alone."""
    (role,) = roles(base)
    stated = [right for row in table("API group") for right in stated_rights(row)]
    assert sorted(stated) == sorted(rights(role))
    (binding,) = [obj for obj in base if obj["kind"] == "RoleBinding"]
    assert [subject["name"] for subject in binding["subjects"]] == ["esddns-operator-daemon"]


def test_rights_of_components(tmp_path: Path, base: list[Object]) -> None:
    """Each component that brings rights is in the table with all of them; no other brings any."""
    known = {role["metadata"]["name"] for role in roles(base)}
    stated: dict[str, set[tuple[str, ...]]] = {}
    for name, scope, *row in table("component", "scope"):
        (component,) = spans(name)
        stated.setdefault(component, set()).update((scope, *r) for r in stated_rights(row))
    found: dict[str, set[tuple[str, ...]]] = {}
    for folder in sorted((ROOT / "apps/esddns/components").iterdir()):
        work = tmp_path / folder.name
        work.mkdir()
        for role in roles(render_with([folder.name], work)):
            assert "aggregationRule" not in role
            labels = role["metadata"].get("labels", {})
            assert not [label for label in labels if "aggregate-to" in label]
            if role["metadata"]["name"] not in known:
                scope = "cluster" if role["kind"] == "ClusterRole" else "namespace"
                found.setdefault(folder.name, set()).update((scope, *r) for r in rights(role))
    assert stated == found


def test_flows(base: list[Object]) -> None:
    """The table of flows is what the NetworkPolicies open; `default-deny` opens nothing."""
    stated = [flow for row in table("policy", "from") for flow in stated_flows(row)]
    assert sorted(stated) == sorted(flows(base))
    (deny,) = [o for o in base if o["metadata"]["name"] == "default-deny"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_pods(base: list[Object]) -> None:
    """Each field of both pods has the value of the table."""
    rows = table("field", "agents")
    assert len(rows) >= 10
    for path, *cells in rows:
        for cell, label in zip(cells, ("esddns-operator", "esddns-service"), strict=True):
            stated = "" if cell.startswith("not set") else spans(cell)[0]
            assert field(pod(base, label), spans(path)[0]) == stated, f"{path} of {label}"


def test_a_wrong_table_is_seen(base: list[Object]) -> None:
    """A right, a flow or a value that the manifests do not have is not taken for one that they have."""
    wide = read(PAGE).replace("| `leases` | `esddns-leader` |", "| `leases` | any |")
    (role,) = roles(base)
    stated = [right for row in table("API group", text=wide) for right in stated_rights(row)]
    assert sorted(stated) != sorted(rights(role))
    fewer = read(PAGE).replace("443/TCP 6443/TCP", "443/TCP")
    found = [flow for row in table("policy", "from", text=fewer) for flow in stated_flows(row)]
    assert sorted(found) != sorted(flows(base))
    assert field(pod(base, "esddns-service"), "automountServiceAccountToken") == "false"
    assert field(pod(base, "esddns-operator"), "automountServiceAccountToken") == ""


def missing(cell: str) -> list[str]:
    """The tests of a cell that there are not: `file.py` or `file.py::name`."""
    found = []
    for name in spans(cell):
        file, _, function = name.partition("::")
        path = ROOT / file if file.startswith("tests-e2e/") else ROOT / "operator-src/tests" / file
        tree = ast.parse(path.read_text("utf-8") if path.is_file() else "")
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        if not path.is_file() or (function and function not in defined):
            found.append(name)
    return found


def test_the_tests_are_there() -> None:
    """Each threat names tests, and each of them exists."""
    rows = table("who does what")
    assert len(rows) >= 12
    for who, _, named in rows:
        assert spans(named), who
        assert missing(named) == []
    assert missing(
        "`core/test_decide.py::test_no` `core/no.py` `core/test_decide.py::test_tie`"
    ) == [
        "core/test_decide.py::test_no",
        "core/no.py",
    ]


def believed(current: IPv4Address | None, *silent: str) -> IPv4Address | IPv6Address | None:
    """What the built-in sources come to where those by UDP lie, and these operators are cut off on HTTPS."""
    answers: list[Answer] = []
    for source in BUILTIN:
        tls = isinstance(source.targets[Family.IPV4], HttpTarget)
        if tls and source.operator in silent:
            cut = Failure(source.name, source.operator, FailureReason.UNREACHABLE, "cut")
            answers.append(cut)
        else:
            answers.append(Observation(source.name, source.operator, TRUTH if tls else LIE))
    detectors = make_detectors(DetectionSettings(BUILTIN), lambda _answer, _seconds: None)
    return detectors[Family.IPV4].decide(answers, current).address


def test_somebody_on_the_path() -> None:
    """What the page says of who answers UDP, and cuts HTTPS off, is so: no lie, and the truth at the most."""
    operators = {s.operator for s in BUILTIN if isinstance(s.targets[Family.IPV4], HttpTarget)}
    assert operators == {"ipify", "Cloudflare", "ident.me", "Amazon"}
    for count in range(len(operators) + 1):
        for silent in combinations(sorted(operators), count):
            for current in (None, TRUTH):
                assert believed(current, *silent) in {None, TRUTH}
    assert believed(None) == TRUTH
    # One that lies over TLS as well is what is still needed, and enough with the others cut off.
    told = [Observation(s.name, s.operator, LIE) for s in BUILTIN if s.operator != "ipify"]
    assert decide(told, TRUTH, 2, {"amazon"}).address == LIE


def test_who_must_have_signed(checkout: Checkout) -> None:  # noqa: F811
    """The page asks for what a release's own script asks for, of what a release's own scripts sign."""
    done = checkout.run("verify-image.sh", DIGEST, DRY_RUN="1")
    asked = re.search(
        r"--certificate-oidc-issuer (\S+) --certificate-identity-regexp (\S+)", done.err
    )
    assert asked
    page = read(PAGE)
    assert f"\nissuer={asked[1]}\n" in page
    assert f"\nidentity='{asked[2]}'\n" in page
    scripts = "".join(
        read(f".github/scripts/{name}.sh") for name in ("sign-image", "publish-manifests")
    )
    for signed in ("--type spdxjson", "install.yaml.sigstore.json", "-manifests"):
        assert signed in page
        assert signed in scripts
    workflow = read(".github/workflows/release.yaml")
    assert "actions/attest-build-provenance@" in workflow
    assert "--signer-workflow sqe/esddns/.github/workflows/release.yaml" in page
