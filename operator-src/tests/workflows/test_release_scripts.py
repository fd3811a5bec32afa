"""What a release checks, builds, signs and publishes: the same scripts that a person can run."""

from __future__ import annotations

import pytest

from workflows.checkout import DIGEST, IMAGE, PLACEHOLDER, VERSION, Checkout

BUILT = """
case "$*" in
  *inspect*Manifest.Digest*) echo sha256:BASE ;;
  *build*) printf '{\\n  "containerimage.digest": "DIGEST"\\n}\\n' >dist/image.json ;;
esac
""".replace("BASE", 64 * "c").replace("DIGEST", DIGEST)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ("success", 0),
        ("success success success success", 0),
        ("success failure success", 1),
        ("success cancelled", 1),
        ("skipped success", 1),
        ("", 1),
    ],
)
def test_gate(checkout: Checkout, results: str, code: int) -> None:
    """Green only if there were jobs, and every one of them passed."""
    assert checkout.run("gate.sh", results).code == code


def test_tag(checkout: Checkout) -> None:
    """A tag of a commit on main that says the same version is a release."""
    checkout.git("tag", VERSION)
    assert checkout.run("check-tag.sh", VERSION).code == 0


@pytest.mark.parametrize(
    ("tag", "said"),
    [("v1.2.4", "__version__ is '1.2.3' in v1.2.4"), ("v1.2.3-rc.1", "is no version")],
)
def test_tag_of_another_version(checkout: Checkout, tag: str, said: str) -> None:
    """A tag that the program would not answer to is refused."""
    checkout.git("tag", tag)
    done = checkout.run("check-tag.sh", tag)
    assert done.code == 1
    assert said in done.err


def test_tag_beside_main(checkout: Checkout) -> None:
    """A commit that never went through the gate is no release, whatever its tag."""
    checkout.write("change", "not on main")
    checkout.git("tag", VERSION)
    done = checkout.run("check-tag.sh", VERSION)
    assert done.code == 1
    assert "no commit of origin/main" in done.err


@pytest.mark.parametrize(
    ("option", "output"),
    [
        ("--push", f"type=image,name={IMAGE}:{VERSION},push=true,rewrite-timestamp=true"),
        (None, "type=oci,dest=dist/image.tar,rewrite-timestamp=true"),
    ],
)
def test_build(checkout: Checkout, option: str | None, output: str) -> None:
    """Both architectures, SBOM and provenance, on a base by digest; pushed only where that was asked for."""
    checkout.tool("docker", BUILT)
    done = checkout.run("build-image.sh", VERSION, *([option] if option else []))
    assert done.code == 0, done.err
    assert done.out == f"image={IMAGE}\ndigest={DIGEST}\n"
    build = checkout.asked()[-1]
    assert build.startswith(
        "docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max "
    )
    assert f"PYTHON_IMAGE=python:3.14-slim@sha256:{64 * 'c'} " in build
    assert (
        f"VERSION={VERSION[1:]} --build-arg REVISION={checkout.git('rev-parse', 'HEAD')} " in build
    )
    assert "CREATED=2026-01-02T03:04:05Z " in build
    assert build.endswith(f"--output {output} .")


def test_build_without_a_digest(checkout: Checkout) -> None:
    """A build that does not say what it built is none."""
    checkout.tool("docker", BUILT.replace(DIGEST, ""))
    done = checkout.run("build-image.sh", VERSION)
    assert (done.code, done.out) == (1, "")


def test_signature(checkout: Checkout) -> None:
    """The image is signed by its digest, each platform with it, and each platform's SBOM is attested."""
    checkout.tool("docker", 'echo \'{"SPDXID": "SPDXRef-DOCUMENT"}\'')
    checkout.tool("cosign", "")
    done = checkout.run("sign-image.sh", DIGEST)
    assert done.code == 0, done.err
    image = f"{IMAGE}@{DIGEST}"
    cosign = [line for line in checkout.asked() if line.startswith("cosign")]
    assert cosign == [
        f"cosign sign --yes --recursive {image}",
        f"cosign attest --yes --type spdxjson --predicate dist/sbom-amd64.spdx.json {image}",
        f"cosign attest --yes --type spdxjson --predicate dist/sbom-arm64.spdx.json {image}",
    ]


def test_no_sbom(checkout: Checkout) -> None:
    """An image without an SBOM is told, not attested."""
    checkout.tool("docker", "echo null")
    checkout.tool("cosign", "")
    done = checkout.run("sign-image.sh", DIGEST)
    assert done.code == 1
    assert "no SBOM for amd64" in done.err
    assert not [line for line in checkout.asked() if "attest" in line]


def test_install_yaml_of_a_placeholder(checkout: Checkout) -> None:
    """What nobody can pull is not published."""
    done = checkout.run("set-digest.sh", "apps/esddns/base", VERSION, DIGEST)
    file = checkout.folder / "apps/esddns/base/kustomization.yaml"
    file.write_text(file.read_text().replace(DIGEST, PLACEHOLDER))
    done = checkout.run("install-yaml.sh")
    assert (done.code, done.out) == (1, "")
    assert "placeholder" in done.err


def test_install_yaml_of_a_tag(checkout: Checkout) -> None:
    """What may be another image tomorrow is not published."""
    done = checkout.run("install-yaml.sh", "clusters/kind/esddns")
    assert (done.code, done.out) == (1, "")
    assert "esddns:dev is named by a tag" in done.err


def test_published_manifests(checkout: Checkout) -> None:
    """install.yaml has the CRD and all of the base, with the image; the repository is untouched."""
    done = checkout.run("publish-manifests.sh", VERSION, DIGEST, DRY_RUN="1")
    assert done.code == 0, done.err
    install = checkout.read("dist/install.yaml")
    whole = checkout._do(["kustomize", "build", "."], {}).out
    assert "kind: CustomResourceDefinition" in install
    assert install.count(f"image: {IMAGE}@{DIGEST}\n") == 2
    assert install.count("\nkind: ") == whole.count("\nkind: ")
    assert not checkout.changed()
    assert (
        f"+ flux push artifact oci://{IMAGE}-manifests:{VERSION} --path=dist/manifests " in done.err
    )
    assert (
        "+ cosign sign-blob --yes --bundle dist/install.yaml.sigstore.json dist/install.yaml"
        in done.err
    )
    assert f"+ cosign sign --yes {IMAGE}-manifests@sha256:" in done.err


def test_artifact_is_signed_by_its_digest(checkout: Checkout) -> None:
    """What is signed is what was pushed."""
    checkout.tool("flux", f'echo \'{{"tag":"{VERSION}","digest":"{DIGEST}"}}\'')
    checkout.tool("cosign", "")
    done = checkout.run("publish-manifests.sh", VERSION, DIGEST)
    assert done.code == 0, done.err
    assert checkout.asked()[-1] == f"cosign sign --yes {IMAGE}-manifests@{DIGEST}"


def test_pull_request(checkout: Checkout) -> None:
    """What was changed is a commit of the App's on a branch of its own, and main stays as it was."""
    checkout.tool("gh", "case $* in *list*) echo 0 ;; esac")
    main = checkout.git("rev-parse", "origin/main")
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    done = checkout.run("open-pull-request.sh", "a-branch", "A title", "A text", AUTHOR="app[bot]")
    assert done.code == 0, done.err
    origin = checkout.git("ls-remote", "origin").split()
    assert origin[origin.index("refs/heads/main") - 1] == main
    assert origin[origin.index("refs/heads/a-branch") - 1] == checkout.git("rev-parse", "a-branch")
    assert checkout.git("log", "-1", "--format=%an %s", "a-branch") == "app[bot] A title"
    assert (
        checkout.asked()[-1]
        == "gh pr create --base main --head a-branch --title A title --body A text"
    )


def test_pull_request_again(checkout: Checkout) -> None:
    """A second run replaces the branch, and opens no second pull request."""
    checkout.tool("gh", "case $* in *list*) echo 1 ;; esac")
    checkout.git("switch", "--quiet", "--create", "before")
    checkout.write("change", "of a run before")
    checkout.git("push", "--quiet", "origin", "before:a-branch")
    checkout.git("switch", "--quiet", "main")
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    done = checkout.run("open-pull-request.sh", "a-branch", "A title", "A text")
    assert done.code == 0, done.err
    assert checkout.git("ls-remote", "origin", "a-branch").split()[0] == checkout.git(
        "rev-parse", "HEAD"
    )
    assert not [line for line in checkout.asked() if "create" in line]


def test_pull_request_of_nothing(checkout: Checkout) -> None:
    """Where nothing changed, nothing is pushed."""
    checkout.tool("gh", "")
    assert checkout.run("open-pull-request.sh", "a-branch", "A title", "A text").code == 0
    assert not checkout.asked()
    assert "a-branch" not in checkout.git("ls-remote", "origin")


def test_pull_request_dry(checkout: Checkout) -> None:
    """A dry run shows the change, and neither commits nor pushes it."""
    checkout.run("set-digest.sh", "clusters/development", VERSION, DIGEST)
    head = checkout.git("rev-parse", "HEAD")
    done = checkout.run("open-pull-request.sh", "a-branch", "A title", "A text", DRY_RUN="1")
    assert f"+    digest: {DIGEST} # {VERSION}" in done.err
    assert checkout.git("rev-parse", "HEAD") == head
    assert "a-branch" not in checkout.git("ls-remote", "origin")
