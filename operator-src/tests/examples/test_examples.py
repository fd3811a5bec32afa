"""Every example is taken by whom it is for, and speaks of what there is."""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path

import pytest
import yaml

from examples.example_files import (
    EXAMPLES,
    NO_OBJECTS,
    files,
    head,
    load,
    objects,
    overlay,
    relative,
)
from manifests.rendering import CLUSTERS, ROOT, TOOLS, plain
from manifests.schemas import schema_problems
from workflows.checkout import DIGEST, Checkout
from workflows.conftest import checkout  # noqa: F401  # a fixture

# Kinds whose definition is in no module that the Go proxy has, or in none that the tests fetch: nobody but
# their controllers judges these.
NO_SCHEMA = {
    "argocd-image-updater/imageupdater.yaml",
    "deployment/sealed-secret/sealedsecret.yaml",
}
IMAGE = "ghcr.io/sqe/esddns"
SUBSCRIPTION = "notifications.argoproj.io/subscribe."


def test_there_is_one_for_each() -> None:
    """The page lists the folders, and each folder has something."""
    rows = re.findall(
        r"^\| \[([\w-]+)\]\(\1\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )
    assert sorted(rows) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
    assert {relative(path).partition("/")[0] for path in files()} == set(rows)
    assert {*NO_OBJECTS, *NO_SCHEMA} <= set(map(relative, files()))


def test_the_versions_of_the_page() -> None:
    """The definitions that the page names are those that the tests fetch."""
    page = (EXAMPLES / "README.md").read_text("utf-8")
    listed = (TOOLS / "schemas.txt").read_text("utf-8")
    for name, module in (
        ("policy-controller", "sigstore/policy-controller v"),
        ("Kyverno", "kyverno/kyverno v"),
        ("Prometheus operator", "prometheus-operator/prometheus-operator v"),
        ("Flux", "config/data/flux/v"),
    ):
        (version,) = set(re.findall(rf"{name}(?:'s)? (\d+\.\d+\.\d+)", page))
        assert f"{module}{version}" in listed


@pytest.mark.parametrize("path", files(), ids=relative)
def test_it_says_what_it_is_for(path: Path) -> None:
    """On top stands what it does, what has to be changed, and how to apply it; files that it names exist."""
    said = head(path)
    assert re.match(r"[A-Z].+", said)
    assert re.search(r"^Change: ", said, re.MULTILINE)
    assert re.search(r"^Apply\b", said, re.MULTILINE)
    for found in re.findall(r"(?<![\w/:])(?:\.github|apps|clusters|docs)/[\w./-]*\w", said):
        for cluster in CLUSTERS if "NAME" in found else ("",):
            assert (ROOT / found.replace("NAME", cluster)).exists(), found
    for found in re.findall(r"(?<![\w/])\.\./[\w-]+", said):
        assert (path.parent / found).exists(), found


@pytest.mark.parametrize("path", objects(), ids=relative)
def test_schema(path: Path) -> None:
    """The API server takes it, without an unknown field; where nobody can tell, that is still so."""
    found = schema_problems(yaml.safe_load(path.read_text("utf-8")))
    if relative(path) in NO_SCHEMA:
        assert [problem.rpartition(": ")[2] for problem in found] == [
            "no schema of this kind is known"
        ]
    else:
        assert found == []


def test_who_may_sign(checkout: Checkout) -> None:  # noqa: F811
    """Both policies, and the command that people are told, ask for what a release's own script asks for."""
    done = checkout.run("verify-image.sh", DIGEST, DRY_RUN="1")
    found = re.search(
        r"--certificate-oidc-issuer (\S+) --certificate-identity-regexp (\S+)", done.err
    )
    assert found
    issuer, subject = found.groups()
    wanted = [{"issuer": issuer, "subjectRegExp": subject}]
    (authority,) = load("signature-policy/clusterimagepolicy.yaml")["spec"]["authorities"]
    (attestor,) = load("signature-policy/imagevalidatingpolicy.yaml")["spec"]["attestors"]
    assert authority["keyless"]["identities"] == wanted
    assert attestor["cosign"]["keyless"]["identities"] == wanted
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    assert f"--certificate-oidc-issuer {issuer} " in page
    assert f"--certificate-identity-regexp '{subject}'" in page


@pytest.mark.parametrize(
    ("image", "meant"),
    [
        (f"{IMAGE}@{DIGEST}", True),
        (f"{IMAGE}:v0.1.0", True),
        (f"{IMAGE}:v0.1.0@{DIGEST}", True),
        (f"{IMAGE}-other:v0.1.0", False),
        (f"{IMAGE}/other:v0.1.0", False),
    ],
)
def test_what_has_to_be_signed(image: str, meant: bool) -> None:
    """Our image, however it is named, and no other."""
    policy = load("signature-policy/clusterimagepolicy.yaml")["spec"]["images"]
    assert (
        load("signature-policy/imagevalidatingpolicy.yaml")["spec"]["matchImageReferences"]
        == policy
    )
    assert any(fnmatch.fnmatchcase(image, one["glob"]) for one in policy) is meant


def test_image_updater() -> None:
    """It looks for the Application and the image that there are, and names a kustomization to write to."""
    updater = load("argocd-image-updater/imageupdater.yaml")
    application = yaml.safe_load((ROOT / "apps/argocd/applications/esddns.yaml").read_text())
    (reference,) = updater["spec"]["applicationRefs"]
    assert reference["namePattern"] == application["metadata"]["name"]
    assert updater["metadata"]["namespace"] == application["metadata"]["namespace"]
    assert [image["imageName"].partition(":")[0] for image in reference["images"]] == [IMAGE]
    method = updater["spec"]["writeBackConfig"]["method"]
    assert f"secret generic {method.removeprefix('git:secret:')} " in head(
        EXAMPLES / "argocd-image-updater/imageupdater.yaml"
    )


def test_flux_writes_what_is_rendered(tmp_path: Path) -> None:
    """What stands beside the markers is what a cluster runs, and the markers name the policy."""
    images = load("flux-image-automation/images.yaml")["images"]
    run = {
        container["image"]
        for obj in overlay(tmp_path, "clusters/development/esddns", images=images)
        if obj["kind"] in {"DaemonSet", "Deployment"}
        for container in obj["spec"]["template"]["spec"]["containers"]
    }
    assert run == {f"{IMAGE}:{images[0]['newTag']}@{images[0]['digest']}"}
    policy, repository, automation = (
        load(f"flux-image-automation/{name}.yaml")
        for name in ("imagepolicy", "imagerepository", "imageupdateautomation")
    )
    name = "{namespace}:{name}".format(**policy["metadata"])
    text = (EXAMPLES / "flux-image-automation/images.yaml").read_text("utf-8")
    found = re.findall(r'^ *(\w+): \S+ # \{"\$imagepolicy": "([\w:-]+)"\}$', text, re.MULTILINE)
    assert found == [("newTag", f"{name}:tag"), ("digest", f"{name}:digest")]
    assert repository["spec"]["image"] == IMAGE
    assert policy["spec"]["imageRepositoryRef"]["name"] == repository["metadata"]["name"]
    assert {one["metadata"]["namespace"] for one in (policy, repository, automation)} == {
        "flux-system"
    }
    assert automation["spec"]["update"]["path"] == "./clusters/development/esddns"


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_argocd_subscriptions(cluster: str, tmp_path: Path) -> None:
    """Every Application subscribes to triggers that there are, by a service that there is."""
    component = os.path.relpath(EXAMPLES / "argocd-notifications", tmp_path)
    made = overlay(tmp_path, f"clusters/{cluster}/argocd", components=[component])
    assert [said for obj in made for said in schema_problems(obj)] == []
    data = load("argocd-notifications/argocd-notifications-cm.yaml")["data"]
    (service,) = [
        key.removeprefix("service.webhook.") for key in data if key.startswith("service.")
    ]
    triggers = {
        key.removeprefix("trigger."): yaml.safe_load(text)
        for key, text in data.items()
        if key.startswith("trigger.")
    }
    applications = [obj for obj in made if obj["kind"] == "Application"]
    assert len(applications) == 4
    for application in applications:
        annotations = application["metadata"]["annotations"]
        assert {key for key in annotations if key.startswith(SUBSCRIPTION)} == {
            f"{SUBSCRIPTION}{trigger}.{service}" for trigger in triggers
        }
    for conditions in triggers.values():
        for condition in conditions:
            for template in condition["send"]:
                assert service in yaml.safe_load(data[f"template.{template}"])["webhook"]


def test_flux_tells_of_all() -> None:
    """The Alert's sources are all that each cluster's folder has, and its Provider is there."""
    alert, provider = (load(f"flux-notifications/{name}.yaml") for name in ("alert", "provider"))
    assert alert["spec"]["providerRef"]["name"] == provider["metadata"]["name"]
    told = {(one["kind"], one["name"]) for one in alert["spec"]["eventSources"]}
    for cluster in CLUSTERS:
        there = {
            (obj["kind"], obj["metadata"]["name"])
            for obj in plain(ROOT / f"clusters/{cluster}/flux")
            if obj["kind"] != "Receiver"
        }
        assert told == there
