"""deploy.sh's command line, settings and prerequisites: what is wrong is said, and nothing is changed."""

from __future__ import annotations

import os

import pytest

from deploy.deploy_site import IMAGE, PINNED, DeploySite


async def test_help(site: DeploySite) -> None:
    """--help tells every option, variable and exit code, on stdout, and asks for nothing."""
    done = await site.deploy("--help", GANDI_API_KEY=None, PATH=f"{site.path}:/nowhere")
    assert (done.code, done.err, done.calls) == (0, "", [])
    for word in (
        "production", "development", "--image", "--dry-run", "--delete", "GANDI_API_KEY", "TARGET_DOMAIN",
        "GANDI_URL", "FORCE_CONFLICTS", "GANDI_TIMEOUT", "ROLLOUT_TIMEOUT", "ADDRESS_TIMEOUT",
        "DELETE_TIMEOUT", "NO_COLOR", *(f"\n  {code} " for code in (0, 1, 2, 4, 5, 10, 11, 12)),
    ):  # fmt: skip
        assert word in done.out
    assert all(len(line) <= 110 for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which"),
        (("staging",), "unknown argument: staging"),
        (("production", "--force"), "unknown argument: --force"),
        (("production", "development"), "production and development: one at a time"),
        (("production", "--image"), "names no image"),
        (("production", "--image="), "names no image"),
        (("production", "--image", "a b"), "'a b' names no image"),
        (("production", "--image", "x'}"), "names no image"),
        (("production", "--image", "--dry-run"), "names no image"),
        (("production", "--image", IMAGE, "--delete"), "--image means nothing with --delete"),
    ],
)
async def test_wrong_usage(site: DeploySite, arguments: tuple[str, ...], said: str) -> None:
    """Arguments that make no sense end it with the usage, before anything is asked of anybody."""
    done = await site.deploy(*arguments)
    assert (done.code, done.out, done.calls) == (2, "", [])
    assert said in done.err
    assert "./deploy.sh --help" in done.err


@pytest.mark.parametrize("value", ["0", "-1", "5m", "1.5", "999999"])
async def test_wrong_timeout(site: DeploySite, value: str) -> None:
    """A time that is no number of seconds is refused, naming the variable: 0 would be for ever."""
    done = await site.deploy("production", ROLLOUT_TIMEOUT=value)
    assert (done.code, done.calls) == (2, [])
    assert f"ROLLOUT_TIMEOUT is '{value}'" in done.err


@pytest.mark.parametrize("tool", ["kubectl", "curl"])
async def test_missing_tool(site: DeploySite, tool: str) -> None:
    """A tool that is not there is named, with where to get it."""
    (site.path / tool).unlink()
    done = await site.deploy("production", "--image", PINNED)
    assert (done.code, site.cluster().objects) == (2, {})
    assert f"{tool} is not installed" in done.err
    assert "Get it: " in done.err
    assert "https://" in done.err


async def test_old_kubectl(site: DeploySite) -> None:
    """A kubectl whose kustomize is too old is refused."""
    site.traits(kustomize="v4.5.7")
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 2
    assert "kustomize v4.5.7" in done.err
    assert "1.27" in done.err


async def test_old_cluster(site: DeploySite) -> None:
    """A cluster whose CEL does not know what the CRD uses is refused before the CRD would be."""
    site.traits(version="v1.30.9+k3s1")
    done = await site.deploy("production", "--image", PINNED)
    assert (done.code, site.cluster().objects) == (2, {})
    assert "v1.30.9+k3s1" in done.err
    assert "1.31" in done.err


async def test_unreachable_cluster(site: DeploySite) -> None:
    """A cluster that does not answer is named by its context, with kubectl's own words and what to do."""
    site.traits(unreachable=True)
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 2
    assert "context testing cannot be used" in done.err
    assert "i/o timeout" in done.err
    assert "kubectl config use-context" in done.err


@pytest.mark.parametrize(
    ("arguments", "verb"), [(("production",), "patch"), (("production", "--delete"), "delete")]
)
async def test_missing_rights(site: DeploySite, arguments: tuple[str, ...], verb: str) -> None:
    """All rights that are missing are named at once, those of what is asked for."""
    site.forbid(f"{verb} secrets --namespace=esddns", f"{verb} namespaces ")
    done = await site.deploy(*arguments)
    assert (done.code, site.cluster().objects) == (2, {})
    assert f"this account may not: {verb} namespaces, {verb} secrets\n" in done.err


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
async def test_colour(site: DeploySite, no_color: str | None, coloured: bool) -> None:
    """A terminal gets colours, unless NO_COLOR says otherwise; all other tests read a pipe, without any."""
    terminal, stderr = os.openpty()
    try:
        script = str(site.repository / "deploy.sh")
        process = await site.start(script, "staging", stderr=stderr, NO_COLOR=no_color)
        assert await process.wait() == 2
        assert (b"\x1b[31merror:" in os.read(terminal, 4096)) is coloured
    finally:
        os.close(terminal)
        os.close(stderr)


@pytest.mark.parametrize(
    "mark",
    [
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "esddns"}},
        {"labels": {"app.kubernetes.io/instance": "esddns"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "esddns:apps/DaemonSet:x"}},
    ],
)
@pytest.mark.parametrize("arguments", [("--image", PINNED), ("--delete",)])
async def test_kept_by_gitops(
    site: DeploySite, mark: dict[str, dict[str, str]], arguments: tuple[str, ...]
) -> None:
    """What Argo CD or Flux keeps is left to them: they would undo it, or make it anew."""
    metadata = {"name": "esddns-operator-daemon", "namespace": "esddns", **mark}
    site.add(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "esddns"}},
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata},
    )
    before = site.cluster().objects
    done = await site.deploy("production", *arguments)
    assert (done.code, site.cluster().objects) == (2, before)
    assert "kept by Argo CD or Flux" in done.err
