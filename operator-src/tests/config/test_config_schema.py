"""The table of keys, which the manual is written from, holds what the parser does."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from esddns.config import schema
from esddns.config.parse import parse
from esddns.config.settings import (
    DetectionSettings,
    DnsSettings,
    GandiSettings,
    SourceSettings,
)

PLAIN = [key for key in schema.KEYS if ":" not in key.section]


def test_keys_are_unique_and_described() -> None:
    """Each key is there once, with a sentence that says what it is for."""
    names = [(key.section, key.name) for key in schema.KEYS]
    assert len(set(names)) == len(names)
    for key in schema.KEYS:
        assert key.meaning.endswith(".")
        assert key.allowed
        assert re.fullmatch(r"[a-z0-9-]+", key.name)


def test_the_settings_have_a_field_for_each_key() -> None:
    """No key is read into nothing, and no setting is without a key."""
    for section, settings in (
        ("gandi", GandiSettings),
        ("detection", DetectionSettings),
        ("dns", DnsSettings),
    ):
        names = {key.name.replace("-", "_") for key in schema.keys_of(section)}
        assert names == {field.name for field in fields(settings)}


def test_the_shown_defaults_are_the_real_ones(builtin: tuple[SourceSettings, ...]) -> None:
    """A file that writes every default out says the same as an empty one."""
    text = ""
    for section in ("gandi", "detection", "dns"):
        lines = [f"{key.name} = {key.default}" for key in PLAIN if key.section == section]
        text += "\n".join([f"[{section}]", *lines, ""])
    written = (
        text
        + "[record:home.esddns.dev]\n"
        + "".join(f"{key.name} = {key.default}\n" for key in schema.keys_of(schema.RECORD))
    )
    left_out = "[record:home.esddns.dev]\n"
    assert parse(written, file="dns.ini", builtin=builtin) == parse(
        left_out, file="dns.ini", builtin=builtin
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gandi", "gandi"),
        ("source:x", schema.SOURCE),
        ("record:a.dev", schema.RECORD),
        ("Gandi", None),
        ("record", None),
    ],
)
def test_section_kind(name: str, kind: str | None) -> None:
    """Sections of a kind share their keys."""
    assert schema.section_kind(name) == kind


def test_a_key_that_the_table_has_not_is_a_mistake_of_the_program() -> None:
    """The parser cannot read a key that the manual does not have."""
    with pytest.raises(KeyError, match="colour"):
        schema.key_of("gandi", "colour")
