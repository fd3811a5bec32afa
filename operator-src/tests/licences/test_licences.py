"""What the image ships is listed, and under licences that allow it."""

from __future__ import annotations

import re

from licences.licences_page import licences, page
from manifests.rendering import ROOT

# Each lets the image be passed on with its notices; MPL-2.0 (certifi's list) asks that the file stays open.
_ALLOWED = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "ZPL-2.1",
}  # fmt: skip


def test_each_licence_was_looked_at() -> None:
    """A package under another licence, or without one, does not get into the image unnoticed."""
    found = dict(licences())
    assert {"kopf", "kubernetes", "requests", "prometheus-client", "flask"} <= found.keys()
    others = {
        name: said for name, said in found.items() if set(re.split(r" AND | OR ", said)) - _ALLOWED
    }
    assert others == {}


def test_the_page_is_what_the_packages_say() -> None:
    """docs/licences.md is written from the lock file's packages: `make generated` brings it up to date."""
    assert (ROOT / "docs/licences.md").read_text("utf-8") == page()
