"""Every command of the pages is run, checked against what there is, or has a reason why neither can be."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.command_site import TOKEN, CommandSite, running
from commands.conftest import site  # noqa: F401  # a fixture
from manifests.rendering import ROOT
from prose.prose_commands import (
    commands,
    contexts,
    everyday,
    of_page,
    span_problem,
    spans_of,
)
from prose.prose_pages import Fence, all_fences, pages, read
from prose.prose_programs import CHECKS, NOT_RUN, Page, problem
from prose.prose_shell import Command, lines, split

BLOCKS = [fence for fence in all_fences() if fence.language in {"console", "sh"}]
BASH = shutil.which("bash") or "bash"


def context(page: str) -> Page:
    """What a page's commands may rely on."""
    return contexts().get(page) or of_page([])


@pytest.mark.parametrize("fence", BLOCKS, ids=str)
def test_commands(fence: Fence) -> None:
    """Each command is one that works, as far as that can be known without running it."""
    found = commands(fence)
    assert found
    assert [wrong for one in found if (wrong := problem(one, context(fence.page)))] == []


@pytest.mark.parametrize("page", pages())
def test_commands_in_prose(page: str) -> None:
    """So is each that stands between backticks."""
    assert [w for text in spans_of(page) if (w := span_problem(text, context(page)))] == []


@pytest.mark.parametrize("fence", BLOCKS, ids=str)
def test_bash_takes_it(fence: Fence) -> None:
    """Whoever copies a block has no syntax error."""
    script = "\n".join(lines(fence))
    done = subprocess.run([BASH, "-n", "-c", script], check=False, capture_output=True, text=True)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reason_hides_no_check() -> None:
    """No form of NOT_RUN is that of a program that can be checked, and each says why."""
    for form, why in NOT_RUN.items():
        assert why
        for program in CHECKS:
            assert not re.fullmatch(form, f"{program} get x", re.DOTALL)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rm -rf /", "nobody checks it"),
        ("kubectl applly -k .", "unknown verb"),
        ("kubectl get pods --al", "unknown option"),
        ("kubectl get pods -n esdns", "no namespace esdns"),
        ("kubectl get dnsreq -n esddns", "no kind dnsreq"),
        ("kubectl get svc esddns-services -n esddns", "no service esddns-services"),
        ("kubectl get svc esddns-service", "no service esddns-service in default"),
        ("kubectl get lease esddns-lead -n esddns", "no lease esddns-lead"),
        ("kubectl logs -n esddns -l app=esddns", "nothing has the labels"),
        ("kubectl apply -k clusters/prod/argocd", "no clusters/prod/argocd in Git's tree"),
        (
            "kubectl apply -k https://github.com/sqe/esddns//clusters/prod?ref=v1.0.0",
            "no clusters/prod",
        ),
        ("kubectl apply -k https://github.com/else/esddns", "not ours"),
        ("kubectl apply -f no.yaml", "no no.yaml"),
        ("kubectl apply --server-side", "apply of nothing"),
        ("kubectl port-forward -n esddns daemonset/esddns-operator-daemon 8080:8081", "no port"),
        ("kubectl port-forward -n esddns svc/esddns-service 8080", "no port"),
        ("kubectl rollout restrat -n esddns ds/esddns-operator-daemon", "unknown rollout"),
        ("kubectl rollout restart -n esddns ds/esddns-operator", "no daemonset esddns-operator"),
        ("kubectl wait dnsrec/home -n esddns --for=condition=Redy", "unknown"),
        ("kubectl exec -n esddns POD -- esddns chek", "in the pod: esddns chek"),
        ("kubectl exec -n esddns POD", "exec of nothing"),
        (
            "kubectl create secret generic esddns-gandi -n esddns --from-file=api-key=FILE",
            "nobody uses",
        ),
        ("kubectl create namespace a b", "unknown, or a name too many"),
        ("kubectl annotate dnsrec -n esddns home", "key=value is missing"),
        ("kubectl patch cm esddns-config -n esddns -p '{\"data\":}'", "-p: "),
        (
            'kubectl patch cm esddns-config -n esddns -p \'{"data":{"ttl":"1"}}\'',
            "nobody reads: ttl",
        ),
        ('kubectl patch svc esddns-service -n esddns -p \'{"spec":{"tpye":"NodePort"}}\'', "tpye"),
        (
            'kubectl patch dnsrec home -n esddns --type=merge -p \'{"spec":{"ttl":60}}\'',
            "greater than or equal to 300",
        ),
        (
            """kubectl patch svc esddns-service -n esddns --type=json -p '[{"op":"remove","path":"/a/b"}]'""",
            "no such field",
        ),
        ("make tset", "the Makefile has no tset"),
        ("make demo ARG=--once", "the Makefile has no ARG=--once"),
        ("esddns onse", "invalid choice"),
        ("esddns once --confg x", "unrecognized arguments"),
        ("esddns run --listen 8080", "expected [HOST]:PORT"),
        ("./deploy.sh staging", "takes no staging"),
        ("./deploy.sh production --dryrun", "takes no --dryrun"),
        ("TARGET_DOMAINS=a ./deploy.sh production", "reads no TARGET_DOMAINS"),
        ("flux bootstrap github --path=clusters/prod/flux", "no clusters/prod/flux"),
        ("flux reconcile kustomization esddns-crd", "no kustomization esddns-crd"),
        ("flux recoil source git esddns", "unknown verb"),
        ("argocd app sync esddns-record", "no Application esddns-record"),
        ("argocd apps list", "unknown: apps"),
        ("kustomize build apps/esddns/bas", "no apps/esddns/bas"),
        ("curl -s localhost:8080/metric", "nobody serves /metric"),
        ("kubectl exec -n esddns POD -- python3 -c 'import socket;; x'", "no Python"),
        ("curl -s http://api.gandi.net/", "https is expected"),
        ("promtool check rules monitoring/rules.yaml", "no monitoring/rules.yaml"),
        ("ls | grep x", "nobody checks it"),
        ("x=$(kubectl get pods -n esdns)", "no namespace esdns"),
    ],
)
def test_refused(text: str, why: str) -> None:
    """A command that does not work is seen, wherever in a line it stands."""
    found = [problem(one, context("README.md")) for one in split(text)]
    (wrong,) = filter(None, found)
    assert why in wrong


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get dnsrec,svc -n esddns -o wide",
        "kubectl get pods -n esddns -lapp=esddns-operator -w",
        "kubectl apply -k https://github.com/sqe/esddns//clusters/production/argocd?ref=v1.0.0",
        "kubectl port-forward -n esddns svc/esddns-service 8443:443",
        "kubectl exec -it -n esddns $leader -- esddns check --json",
        "kubectl annotate dnsrec home -n esddns esddns.io/reconcile=1 --overwrite",
        "kubectl label node NAME esddns.io/lead=false",
        "kubectl wait -n esddns dnsrec/home --for=condition=Ready --timeout=60s",
        "kubectl create namespace esddns",
        """kubectl patch cm esddns-config -n esddns -p '{"data":{"record-ttl":"600"}}'""",
        """kubectl patch svc esddns-service -nesddns --type json -p'[{"op":"remove","path":"/spec/type"}]'""",
        "kustomize build clusters/NAME/esddns",
        "make bench ARGS=--quick",
        "./deploy.sh production --image ghcr.io/you/esddns:1 --dry-run",
        "FORCE_CONFLICTS=1 ./deploy.sh development --image=x",
        "flux reconcile source git esddns",
        "argocd app sync esddns-records",
        "curl -s localhost:8080/metrics | grep esddns_",
    ],
)
def test_taken(text: str) -> None:
    """A command that works is no problem."""
    assert [w for one in split(text) if (w := problem(one, context("README.md")))] == []


def test_refused_in_prose() -> None:
    """A command between backticks, too; one that is only named has to be one."""
    page = context("README.md")
    assert "no kind dnsreq" in span_problem("kubectl get dnsreq -n esddns", page)
    assert "unknown verb" in span_problem("kubectl patsh svc …", page)
    assert "invalid choice" in span_problem("esddns chek", page)
    assert span_problem("kubectl rollout restart", page) == ""


def test_everyday_commands_are_run_on_a_cluster() -> None:
    """The README's commands of every day are those that the end-to-end tests type."""
    tree = ast.parse(read("tests-e2e/test_commands.py"))
    typed = {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    named = everyday(read("README.md"))
    assert len(named) >= 6
    assert [line for line in named if not any(_typed(text, line) for text in typed)] == []
    assert everyday("Every day:\n\n```console\n$ a b   # c\n```\n") == ["a b"]


def _typed(text: str, line: str) -> bool:
    """`{port}` and `%s` are filled in by the tests."""
    form = re.sub(r"\\\{\w+\\\}|%s", ".+", re.escape(text))
    return text.startswith("kubectl ") and bool(re.fullmatch(form, line))


def own_files() -> Iterator[str]:
    """The pages that show a dns.ini and try it."""
    for page in pages():
        if dns_ini(page) and any(
            c.words[:1] == ("esddns",) and "dns.ini" in c.words for c in typed(page)
        ):
            yield page


def dns_ini(page: str) -> str:
    """The dns.ini that a page shows, if it is of records alone."""
    shown = [f.text for f in all_fences() if f.page == page and f.text.startswith("; dns.ini\n")]
    return (
        shown[0]
        if len(shown) == 1 and not re.search(r"^\[(?!record:)", shown[0], re.MULTILINE)
        else ""
    )


def typed(page: str) -> list[Command]:
    """The commands of a page."""
    return [command for fence in BLOCKS if fence.page == page for command in commands(fence)]


@pytest.mark.parametrize("page", list(own_files()))
async def test_a_dns_ini_and_what_is_done_with_it(page: str, site: CommandSite) -> None:  # noqa: F811
    """`check`, `once` and `run` work with the page's own dns.ini, whose zone is one of a simulator's."""
    site.write(dns_ini(page))
    done = set()
    for command in typed(page):
        if command.words[:1] == ("esddns",) and "dns.ini" in command.words:
            done.add(command.words[1])
            if command.words[1] == "run":
                async with running(site, env={"GANDI_API_KEY": TOKEN}) as run:
                    await run.until_value("192.0.2.1")
            else:
                finished = await site.esddns(*command.words[1:], env={"GANDI_API_KEY": TOKEN})
                assert finished.code == 0, finished.err
    assert done >= {"check", "once"}
    assert site.value() == "192.0.2.1"


def test_there_is_a_dns_ini() -> None:
    """The README has one."""
    assert "README.md" in own_files()


def helps() -> list[tuple[str, ...]]:
    """Commands that only tell something, of pages and prose; `COMMAND` is each."""
    found = {c.words for page in pages() for c in typed(page)}
    found |= {c.words for page in pages() for text in spans_of(page) for c in split(text)}
    return sorted(
        words
        for words in found
        if words[:1] in {("esddns",), ("./deploy.sh",)} and words[-1] in {"--help", "--version"}
    )


@pytest.mark.parametrize(
    "words", [*helps(), ("./deploy.sh", "--help"), ("make", "help")], ids=" ".join
)
def test_what_only_tells(words: tuple[str, ...]) -> None:
    """They are run as they are typed, in the root of the repository, and succeed."""
    line = " ".join(words).replace("COMMAND", "check")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603
        [BASH, "-c", line], check=False, capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
