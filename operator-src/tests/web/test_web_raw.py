"""`/raw`: the document is what its schema says, and the schema is no looser than it has to be."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from esddns.core.dnsrecord_standing import Reason
from esddns.core.site import Report, SiteState, merge
from esddns.core.site_json import SCHEMA_VERSION, site_json
from esddns.core.site_verdict import Level
from web.canned import NOW, conflict, healthy, record, site_of, stale, undecided
from web.web_site import Site

SCHEMA = json.loads(
    resources.files("esddns.shell.web").joinpath("static/raw.schema.json").read_text("utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
EMPTY = {**healthy(), "records": [record("x", fqdn=None, type=None, zone=None, object=None, source=None,
                                         desired=None, ours=None, dns=[None], reason="InvalidSpec")],
         "pod": None, "version": None, "changes": [], "addresses": {}}  # fmt: skip
SITES = {
    "healthy": site_of(healthy()),
    "undecided": site_of(undecided()),
    "conflict": site_of(conflict()),
    "stale": site_of(stale(), minutes=47),
    "empty": site_of(EMPTY),
    "never": merge(
        [Report("10.0.0.1:8080", error="refused")], NOW, beyond=9, trouble="no such name"
    ),
    "nothing": SiteState(),
}


def document(site: SiteState) -> dict[str, Any]:
    """The document as it goes over the wire."""
    made: dict[str, Any] = json.loads(json.dumps(site_json(site, NOW, "0.1.0")))
    return made


def test_the_schema_is_one() -> None:
    """The schema is a good one itself, and of the version that documents carry."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION


@pytest.mark.parametrize("name", SITES)
def test_every_site_fits(name: str) -> None:
    """Whatever is known of a site, its document fits the schema."""
    VALIDATOR.validate(document(SITES[name]))


def test_the_words_are_all_there() -> None:
    """Every level and every reason of the program is in the schema, and no other."""
    status = SCHEMA["properties"]["status"]["properties"]["level"]["enum"]
    assert status == [str(level) for level in Level]
    reasons = SCHEMA["$defs"]["record"]["properties"]["reason"]["enum"]
    assert reasons == [*map(str, Reason), None]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place for key, one in items for place in [(*path, key), *_places(one, (*path, key))]]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def test_it_holds_every_field_to_its_kind() -> None:
    """Any field that is missing, or of another kind, or added, does not fit: nothing is left to chance."""
    good = document(SITES["conflict"])
    for path in _places(good):
        broken = copy.deepcopy(good)
        _at(broken, path[:-1])[path[-1]] = {"unexpected": 1}
        with pytest.raises(ValidationError):
            VALIDATOR.validate(broken)
        if isinstance(path[-1], str):
            broken = copy.deepcopy(good)
            del _at(broken, path[:-1])[path[-1]]
            with pytest.raises(ValidationError):
                VALIDATOR.validate(broken)
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**good, "more": 1})


def test_it_does_not_change_by_itself() -> None:
    """An equal site gives an equal document however much later, until it is stale."""
    later = NOW + timedelta(seconds=25)
    assert site_json(SITES["healthy"], later, "1") == site_json(SITES["healthy"], NOW, "1")


async def test_what_is_served(site: Site) -> None:
    """What the service serves fits the schema that it serves."""
    schema = (await site.get("/raw.schema.json")).json
    assert schema == SCHEMA
    raw = (await site.get("/raw")).json
    VALIDATOR.validate(raw)
    assert raw["records"][0]["desired"] == {"values": ["203.0.113.9"], "ttl": 300}
