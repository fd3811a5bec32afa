"""Every parser of the product, and the test that feeds it anything at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import esddns

_PACKAGE = Path(esddns.__file__).parent
# Commands only put together what these read; what they print is their own.
_FOLDERS = ("config", "core", "shell")
_NAMED = re.compile(r"_*(parse|read|loads?|decode|normalise)(_|$)")
# What turns text or bytes of others into something else. A module that calls one of them has a parser.
_DECODERS = frozenset({
    "IPv4Address", "IPv4Network", "IPv6Address", "IPv6Network", "URL", "decode", "from_text", "from_wire",
    "fromisoformat", "ip_address", "ip_network", "loads", "parsedate_to_datetime", "read_bytes", "read_text",
    "strptime", "unpack", "unpack_from", "urlsplit",
})  # fmt: skip

# A function, and the test that calls it by its name.
FUZZED = {
    "config.ddclient_file:split_ddclient": "importing:test_ddclient",
    "config.import_ddclient:read_ddclient": "importing:test_ddclient",
    "config.import_ddns_updater:read_ddns_updater": "importing:test_ddns_updater",
    "config.import_format:read_imported": "importing:test_any_text",
    "config.import_older:read_older": "importing:test_older",
    "config.imported:interface_suffix": "importing:test_suffixes",
    "config.imported_forms:parsed": "importing:test_any_text",
    "config.ini:read_ini": "configuration:test_any_text",
    "config.load:load": "configuration:test_any_files",
    "config.namespace_sections:read_namespaces": "configuration:test_a_spoilt_document",
    "config.parse:parse": "configuration:test_a_spoilt_document",
    "config.record_sections:read_records": "configuration:test_a_spoilt_document",
    "config.settings:is_gandi": "configuration:test_a_spoilt_document",
    "config.source_sections:read_sources": "configuration:test_a_spoilt_document",
    "config.values:boolean": "names:test_words",
    "config.values:choice": "names:test_words",
    "config.values:host_port": "names:test_servers",
    "config.values:http_url": "names:test_urls",
    "config.values:interface_suffix": "names:test_words",
    "config.values:items": "names:test_lists",
    "config.values:networks": "names:test_lists",
    "config.values:whole_number": "names:test_words",
    "core.address:parse_address": "sources:test_addresses",
    "core.agent_read:read_agent": "web:test_agents",
    "core.backoff:parse_retry_after": "names:test_retry_after",
    "core.cache:read": "state:test_cache",
    "core.dnsrecord_read:read_dnsrecord": "objects:test_dnsrecords",
    "core.dnsrecord_read:read_metadata": "objects:test_dnsrecords",
    "core.dnsrecord_source:host_value": "names:test_host_names_as_values",
    "core.dnsrecord_source:read_source": "objects:test_dnsrecords",
    "core.dnsrecord_status:read_status": "objects:test_statuses",
    "core.model:RRset": "names:test_values_of_an_rrset",
    "core.names:normalise": "names:test_names",
    "core.reply:parse_reply": "sources:test_bodies",
    "core.service:values_of": "objects:test_services",
    "core.state:loads": "state:test_state",
    "core.stun:parse_binding_response": "sources:test_stun",
    "core.x509:not_after": "web:test_certificates",
    "shell.authority:Authority": "wire:test_name_servers",
    "shell.cacheview:CacheView": "state:test_view_of_the_cache",
    "shell.gandi.client:GandiClient": "wire:test_gandi_client",
    "shell.gandi.reply:raise_for": "gandi:test_errors",
    "shell.gandi.reply:read_rrsets": "gandi:test_rrsets",
    "shell.gandi.reply:read_zone": "gandi:test_zones",
    "shell.gandi.reply:read_zones": "gandi:test_zones",
    "shell.gandi.token:TokenSource": "gandi:test_token_files",
    "shell.kube.client:_read_event": "cluster:test_events_of_a_watch",
    "shell.kube.client:_read_object": "cluster:test_answers_of_an_api_server",
    "shell.kube.client:_refusal": "cluster:test_answers_of_an_api_server",
    "shell.kube.leases:LeaseStore": "cluster:test_leases",
    "shell.kube.leases:read_lease": "cluster:test_leases",
    "shell.memory:Memory": "state:test_state_file",
    "shell.objects:_version": "cluster:test_versions_of_objects",
    "shell.sources.dns:ask_dns": "wire:test_dns_source_over_tcp",
    "shell.sources.dns_answer:address_in": "sources:test_dns",
    "shell.sources.dns_answer:make_query": "sources:test_dns_questions",
    "shell.sources.dns_answer:read_response": "sources:test_dns",
    "shell.sources.http:_redirected": "sources:test_redirects",
    "shell.sources.http:ask_http": "wire:test_http_source",
    "shell.sources.words:in_words": "sources:test_words_of_others",
    "shell.web.kept:KeptAnswer": "web:test_the_kept_answer",
}

# What is named like a parser, or calls a decoder, and is reached only through one that stands above.
REACHED = {
    "config.load:read_text": "config.load:load",
    "config.record_sections:_read_record": "config.parse:parse",
    "config.source_sections:_read_source": "config.parse:parse",
    "shell.cacheview:CacheView._read": "shell.cacheview:CacheView",
    "shell.gandi.reply:_read": "shell.gandi.reply:read_rrsets",
    "shell.gandi.token:TokenSource.read": "shell.gandi.token:TokenSource",
    "shell.kube.leases:LeaseStore.read": "shell.kube.leases:LeaseStore",
    "shell.kube.leases:_read_yields": "shell.kube.leases:read_lease",
    "shell.memory:Memory._load": "shell.memory:Memory",
    "shell.sources.http:_read": "shell.sources.http:ask_http",
    "shell.web.kept:KeptAnswer.load": "shell.web.kept:KeptAnswer",
}

# What only sounds like a parser, or decodes what is not of others; each with what it does.
NO_PARSERS = {
    "shell.kube.kopf_feed": "takes a copy, by way of JSON, of an object that Kopf has read",
    "shell.kube.watched:WatchedObject.read": "asks the API server, and hands the object on",
    "shell.operator:Operator._read": "hands objects to read_dnsrecord, and notes what it raised",
    "shell.web.app:_read": "reads files that ship with the package",
    "shell.web.certificate:Certificate._read": "reads bytes, and hands them to OpenSSL and not_after",
    "shell.web.self_signed": "decodes what our own process wrote",
}


@dataclass(frozen=True)
class Module:
    """One module: its name below the package, and what is defined in it."""

    name: str
    tree: ast.Module

    @property
    def defined(self) -> set[str]:
        """Its functions and classes, and the methods of those as `Class.method`."""
        found = set()
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(f"{self.name}:{node.name}")
            if isinstance(node, ast.ClassDef):
                methods = (
                    n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
                )
                found |= {f"{self.name}:{node.name}.{method.name}" for method in methods}
        return found

    @property
    def named_like_parsers(self) -> set[str]:
        """What is called parse, read, load, decode or normalise, or begins so."""
        return {name for name in self.defined if _NAMED.match(re.split("[:.]", name)[-1])}

    @property
    def decodes(self) -> bool:
        """Whether it calls something that turns text or bytes into something else."""
        calls = (node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        names = {
            call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
            for call in calls
        }
        return not names.isdisjoint(_DECODERS)


def modules() -> Iterator[Module]:
    """Every module of the product that may read what others wrote."""
    for folder in _FOLDERS:
        for file in sorted((_PACKAGE / folder).rglob("*.py")):
            name = ".".join(file.relative_to(_PACKAGE).with_suffix("").parts)
            yield Module(name, ast.parse(file.read_text("utf-8")))
