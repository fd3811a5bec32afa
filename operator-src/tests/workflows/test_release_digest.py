"""A release goes to development, and from there to production: which lines change, and what is refused."""

from __future__ import annotations

import re

import pytest

from workflows.checkout import DIGEST, IMAGE, NEXT, OTHER, PLACEHOLDER, VERSION, Checkout

DEVELOPMENT = "clusters/development/esddns/kustomization.yaml"
PRODUCTION = "clusters/production/esddns/kustomization.yaml"
BASE = "apps/esddns/base/kustomization.yaml"


def images(checkout: Checkout, folder: str) -> set[str]:
    """What a folder runs, as kustomize renders it."""
    done = checkout._do(["kustomize", "build", folder], {})
    assert done.code == 0, done.err
    assert not done.err
    return set(re.findall(r"image: (\S+)", done.out))


def test_development_runs_the_release(checkout: Checkout) -> None:
    """Its digest is what development runs, and no other cluster; not a line besides changes."""
    before = checkout.read(DEVELOPMENT)
    kind, production = (
        images(checkout, f"clusters/{name}/esddns") for name in ("kind", "production")
    )
    done = checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    assert done.code == 0, done.err
    assert checkout.changed() == [DEVELOPMENT]
    added = f"images:\n  - name: {IMAGE}\n    digest: {DIGEST} # {VERSION}\n"
    assert checkout.read(DEVELOPMENT) == before + added
    assert images(checkout, "clusters/development/esddns") == {f"{IMAGE}@{DIGEST}"}
    assert images(checkout, "clusters/kind/esddns") == kind
    assert images(checkout, "clusters/production/esddns") == production


def test_next_release_replaces_the_digest(checkout: Checkout) -> None:
    """The second release changes one line, and the same again changes none."""
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    checkout.commit()
    before = checkout.read(DEVELOPMENT)
    for _ in range(2):
        assert checkout.run("set-digest.sh", "clusters/development", NEXT, OTHER).code == 0
    assert checkout.read(DEVELOPMENT) == before.replace(
        f"{DIGEST} # {VERSION}", f"{OTHER} # {NEXT}"
    )


def test_base_keeps_its_comments(checkout: Checkout) -> None:
    """Of the base only the line of the digest changes, and all that name none of their own get it."""
    checkout.run("set-digest.sh", "apps/esddns/base", VERSION, DIGEST)
    diff = checkout.git("diff", "--unified=0", BASE).splitlines()
    changed = [line for line in diff if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert len(changed) == 2
    assert changed[1] == f"+    digest: {DIGEST} # {VERSION}"
    assert images(checkout, ".") == {f"{IMAGE}@{DIGEST}"}


@pytest.mark.parametrize(
    ("folder", "version", "digest", "said"),
    [
        ("clusters/development", VERSION, PLACEHOLDER, "placeholder"),
        ("clusters/development", VERSION, DIGEST[:-1], "is no digest"),
        ("clusters/development", VERSION, "latest", "is no digest"),
        ("clusters/development", VERSION, f"{DIGEST}\nx", "is no digest"),
        ("clusters/development", VERSION[1:], DIGEST, "is no version"),
        ("clusters/development", "v1.2.3/x", DIGEST, "is no version"),
        ("clusters/nowhere", VERSION, DIGEST, "no kustomization.yaml"),
        ("clusters/kind", VERSION, DIGEST, "has images, but no digest"),
    ],
)
def test_refused(checkout: Checkout, folder: str, version: str, digest: str, said: str) -> None:
    """What is no release changes nothing, and is called by its name."""
    done = checkout.run("set-digest.sh", folder, version, digest)
    assert done.code == 1
    assert said in done.err
    assert not checkout.changed()


def test_several_digests(checkout: Checkout) -> None:
    """Where several images are named by digest, it does not guess which one is meant."""
    for name in ("one", "two"):
        entry = f"  - name: {name}\n    digest: {OTHER}\n"
        text = checkout.read(DEVELOPMENT)
        checkout.write(DEVELOPMENT, text + ("" if "images:" in text else "images:\n") + entry)
    done = checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    assert done.code == 1
    assert "several digests" in done.err
    assert not checkout.changed()


def test_promotion(checkout: Checkout) -> None:
    """Production and the repository's root run what development runs, and the end-to-end tests their own."""
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    checkout.commit()
    kind = images(checkout, "clusters/kind/esddns")
    done = checkout.run("promote.sh", DRY_RUN="1")
    assert done.code == 0, done.err
    assert checkout.changed() == [BASE, PRODUCTION]
    for folder in ("clusters/production/esddns", "clusters/development/esddns", "."):
        assert images(checkout, folder) == {f"{IMAGE}@{DIGEST}"}
    assert images(checkout, "clusters/kind/esddns") == kind
    assert "+ cosign verify --certificate-oidc-issuer https://token.actions" in done.err
    assert (
        r"^https://github\.com/sqe/esddns/\.github/workflows/release\.yaml@refs/tags/v" in done.err
    )
    assert (
        f"+ gh pr create --base main --head production --title Production runs {VERSION}"
        in done.err
    )


def test_promotion_of_nothing(checkout: Checkout) -> None:
    """Development that names no release is left alone: an edit of its overlay is no promotion."""
    done = checkout.run("promote.sh", DRY_RUN="1")
    assert (done.code, checkout.changed()) == (0, [])
    assert "nothing to promote" in done.err


def test_unsigned_is_not_promoted(checkout: Checkout) -> None:
    """An image that the release workflow did not sign reaches no file and no pull request."""
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    checkout.commit()
    checkout.tool("cosign", "exit 1")
    checkout.tool("gh", "exit 0")
    assert checkout.run("promote.sh").code == 1
    assert not checkout.changed()
    (asked,) = checkout.asked()
    assert asked.startswith("cosign verify ")
    assert asked.endswith(f"{IMAGE}@{DIGEST}")
