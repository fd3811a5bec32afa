"""The CRD's rules in CEL, evaluated without an API server. Needs `common-expression-language` (module cel).

CEL itself is the package's, Kubernetes' functions on addresses are rebuilt here; the API server's own code
stays the judge, on a cluster.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from crd.crd_schema import SCHEMA

_MISSING = object()


def rule_errors(
    cel: Any, value: Any, old: Any = _MISSING, schema: dict[str, Any] = SCHEMA, path: str = ""
) -> Iterator[str]:
    """The messages of all rules that a (defaulted) value fails; `old` is what it was before an update."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"] and old is _MISSING:
            continue  # a rule about changes is for updates alone
        variables = {"self": value, **({} if old is _MISSING else {"oldSelf": old})}
        if cel.evaluate(rule["rule"], _context(cel, variables)) is not True:
            yield f"{path}{rule.get('fieldPath', '')}: {rule['message']}"
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, child in schema.get("properties", {}).items():
            if name in value:
                was = before.get(name, _MISSING)
                yield from rule_errors(cel, value[name], was, child, f"{path}.{name}")


def _context(cel: Any, variables: dict[str, Any]) -> Any:
    context = cel.Context()
    for name, value in variables.items():
        context.add_variable(name, value)
    for function in (_ip, _cidr):
        context.add_function(function.__name__.removeprefix("_"), function)
    context.add_function("isIP", _is_ip)
    context.add_function("family", lambda address: ipaddress.ip_address(address).version)
    context.add_function("isUnspecified", lambda a: ipaddress.ip_address(a).is_unspecified)
    context.add_function(
        "containsIP", lambda net, a: ipaddress.ip_address(a) in ipaddress.ip_network(net)
    )
    return context


def _ip(text: str) -> str:
    """An address stays text here: the package knows no such type."""
    return text


def _cidr(text: str) -> str:
    return text


def _is_ip(text: str) -> bool:
    """As apiserver/pkg/cel/library/ip.go: no zone index, no mapped address, no leading zeros."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text and getattr(address, "ipv4_mapped", None) is None
