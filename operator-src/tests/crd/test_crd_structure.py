"""The CRD is sound: structural, bounded, and every rule says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from crd.crd_schema import CRD, CRD_PATH, SCHEMA, defaulted, nodes
from esddns.core.dnsrecord_standing import Truth
from esddns.core.dnsrecord_status import IN_SYNC, READY
from esddns.core.model import RRType

NODES = [
    pytest.param(path, schema, id=path)
    for path, schema in nodes()
    if path and not path.startswith(".metadata")
]
RULES = [
    pytest.param(schema, rule, id=f"{path}: {rule['rule'][:40]}")
    for path, schema in nodes()
    for rule in schema.get("x-kubernetes-validations", ())
]


@pytest.mark.parametrize(("path", "schema"), NODES)
def test_every_field_is_typed_described_and_bounded(path: str, schema: dict[str, Any]) -> None:
    """`kubectl explain` has a word on every field, and CEL's cost can be estimated."""
    assert schema["type"] in {"string", "object", "array", "boolean", "integer"}
    if schema["type"] == "string":
        assert {"enum", "maxLength"} & set(schema) or schema.get("format") == "date-time"
    if schema["type"] == "array":
        assert schema["maxItems"] > 0
        assert schema["x-kubernetes-list-type"] in {"set", "map", "atomic"}
    if not path.endswith("[*]"):
        assert schema["description"]


@pytest.mark.parametrize(("schema", "rule"), RULES)
def test_every_rule_says_what_to_do(schema: dict[str, Any], rule: dict[str, str]) -> None:
    """A rule has a message of one line that speaks to a person, and points at a field that exists."""
    assert len(rule["message"]) >= 40
    assert "\n" not in rule["message"]
    at: Any = schema
    for name in filter(None, rule.get("fieldPath", "").split(".")):
        at = at["properties"][name]
    assert set(rule) <= {"rule", "message", "fieldPath", "reason"}


def test_names_that_others_refer_to() -> None:
    """Group, version, kind, scope and short name are fixed."""
    spec = CRD["spec"]
    assert CRD["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert (spec["group"], spec["scope"]) == ("esddns.io", "Namespaced")
    assert spec["names"]["kind"] == "DNSRecord"
    assert spec["names"]["shortNames"] == ["dnsrec"]
    (version,) = spec["versions"]
    assert version["name"] == "v1alpha1"
    assert version["subresources"] == {"status": {}}


def test_no_gitops_tool_takes_it_away() -> None:
    """Neither Argo CD nor Flux prunes the CRD: every DNSRecord would go with it."""
    annotations = CRD["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_defaults() -> None:
    """A record needs its name only."""
    assert defaulted({"spec": {"fqdn": "home.example.com"}}) == {
        "spec": {
            "fqdn": "home.example.com",
            "types": ["A"],
            "ttl": 300,
            "source": {"type": "WAN"},
            "deletionPolicy": "Retain",
            "driftPolicy": "Repair",
            "overwrite": False,
            "suspend": False,
        },
        "status": {"observedGeneration": -1},
    }


def test_columns_tell_the_whole_story() -> None:
    """`kubectl get dnsrec` shows name, types, values, both conditions and why; -o wide the rest."""
    columns = CRD["spec"]["versions"][0]["additionalPrinterColumns"]
    narrow = [column["name"] for column in columns if not column.get("priority")]
    assert narrow == ["FQDN", "Types", "Published", "Ready", "InSync", "Reason", "Age"]
    wide = [column["name"] for column in columns if column.get("priority")]
    assert wide == ["TTL", "Zone", "Source", "Updated", "Message"]
    fields = {path for path, _ in nodes()} | {".metadata.creationTimestamp"}
    for column in columns:
        assert column["jsonPath"].split("[?")[0] in fields
    paths = " ".join(column["jsonPath"] for column in columns)
    assert f'=="{READY}"' in paths
    assert f'=="{IN_SYNC}"' in paths


def test_the_program_and_the_crd_have_the_same_words() -> None:
    """Enumerations of the CRD are those of the code."""
    status = SCHEMA["properties"]["status"]["properties"]
    condition = status["conditions"]["items"]["properties"]
    assert condition["status"]["enum"] == list(Truth)
    types = SCHEMA["properties"]["spec"]["properties"]["types"]["items"]["enum"]
    assert types == list(RRType) == status["published"]["items"]["properties"]["type"]["enum"]


def test_the_crd_is_of_a_size_that_client_side_apply_takes() -> None:
    """`kubectl apply` keeps a copy in an annotation, and those have 256 KiB in all."""
    assert len(CRD_PATH.read_bytes()) < 64 * 1024
