"""The pods run the program as it is: configuration, files, arguments, variables, and time to end."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

import pytest

from esddns.cli import _COMMANDS
from esddns.config.load import DEFAULT_PATH, load
from esddns.config.settings import ConfigurationError, GandiSettings, Settings
from esddns.config.short_form import NO_SHORT_FORM
from esddns.options import make_parser
from esddns.shell.gandi.client import WRITE_DEADLINE
from esddns.shell.kube.client import connect
from esddns.shell.kube.kopf_feed import KopfFeed
from manifests.policies import pod_of
from manifests.rendering import Object, named
from manifests.workloads import AGENT, WEB, container_of, mounts, ports, workloads


class Environment(dict[str, str]):
    """The environment of a container, which notes what it is asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Read one that may be missing."""
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)


def environment(container: Object) -> Environment:
    """Its variables; what the downward API gives is called by its field."""
    return Environment(
        {
            v["name"]: v.get("value") or v["valueFrom"]["fieldRef"]["fieldPath"]
            for v in container["env"]
        }
    )


def parsed(container: Object, environ: Environment) -> argparse.Namespace:
    """Its arguments, as the program takes them."""
    return make_parser(_COMMANDS, environ).parse_args(container["args"])


def test_the_agents_configuration(objects: list[Object]) -> None:
    """ConfigMap and Secret are files in the one folder where the program looks; the Secret may be missing."""
    pod = pod_of(named(objects, AGENT)) or {}
    name = mounts(container_of(objects, AGENT))[str(DEFAULT_PATH.parent)]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == name]
    config, secret = volume["projected"]["sources"]
    assert config == {"configMap": {"name": "esddns-config"}}
    (item,) = secret["secret"].pop("items")
    assert secret == {"secret": {"name": "esddns-gandi-credentials", "optional": True}}
    assert item["key"] == "api-key"
    assert DEFAULT_PATH.parent / item["path"] == GandiSettings().token_file


def read(objects: list[Object], folder: Path, **changed: str) -> Settings:
    """Load the ConfigMap as a pod would."""
    for key, value in (named(objects, "ConfigMap/esddns-config")["data"] | changed).items():
        (folder / key).write_text(value)
    path = folder / DEFAULT_PATH.name
    return load(None, NO_SHORT_FORM, {}, require_records=False, in_cluster=True, default_path=path)


def test_the_configuration_is_good(objects: list[Object], tmp_path: Path) -> None:
    """The program takes the ConfigMap as it is, and each of its keys says something to it."""
    keys = named(objects, "ConfigMap/esddns-config")["data"]
    settings = read(objects, tmp_path)
    assert settings.detection.interval == int(keys["detection-interval"])
    for key in ("target-domain", "detection-interval", "dns.ini"):
        with pytest.raises(ConfigurationError, match=key):
            read(objects, tmp_path, **{key: "[no such thing"})
        (tmp_path / key).write_text(keys[key])
    with pytest.raises(ConfigurationError, match="record-ttl"):
        read(objects, tmp_path, **{"target-domain": "home.example.org", "record-ttl": "soon"})


def test_the_agents_arguments(objects: list[Object]) -> None:
    """The program takes the agents' arguments, listens on the named port, and writes to its volume."""
    container = container_of(objects, AGENT)
    environ = environment(container)
    arguments = parsed(container, environ)
    assert arguments.command is _COMMANDS["node"]
    assert (arguments.pod_name, arguments.pod_namespace) == ("metadata.name", "metadata.namespace")
    assert arguments.listen[1] == ports(container)["metrics"]
    assert str(arguments.state_dir) in mounts(container)
    assert set(environ) <= environ.read


def test_the_status_services_arguments(objects: list[Object]) -> None:
    """The program takes the status service's arguments and variables; what it asks and shows is there."""
    container = container_of(objects, WEB)
    environ = environment(container)
    arguments = parsed(container, environ)
    assert arguments.command is _COMMANDS["web"]
    assert set(environ) <= environ.read
    assert environ["ESDDNS_LISTEN"] == f":{ports(container)['http']}"
    assert environ["ESDDNS_TLS_LISTEN"] == f":{ports(container)['https']}"
    assert environ["ESDDNS_STATE_DIR"] in mounts(container)
    host, _, port = environ["ESDDNS_AGENTS"].partition(":")
    service = named(objects, f"Service/{host}")["spec"]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is True
    assert [p["port"] for p in service["ports"]] == [int(port)]
    assert workloads(objects, service["selector"]) == [named(objects, AGENT)]


def test_the_status_service_has_no_credentials(objects: list[Object]) -> None:
    """Neither a service account's token nor Gandi's key is in its pod; its certificate may be missing."""
    pod = pod_of(named(objects, WEB)) or {}
    account = named(objects, f"ServiceAccount/{pod['serviceAccountName']}")
    assert account["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False
    secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert [(s["secretName"], s["optional"]) for s in secrets] == [("esddns-service-tls", True)]
    assert not [volume for volume in pod["volumes"] if "projected" in volume]


def test_an_agent_has_time_to_end(objects: list[Object]) -> None:
    """A write on the wire, Kopf's end and the release of the Lease fit into the time that a pod is given."""
    grace = inspect.signature(KopfFeed).parameters["grace"].default
    release = inspect.signature(connect).parameters["deadline"].default
    pod = pod_of(named(objects, AGENT)) or {}
    assert pod["terminationGracePeriodSeconds"] > WRITE_DEADLINE + grace + release
