"""Writes docs/licences.md from the packages' metadata: `python licences_page.py > docs/licences.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements-cluster.lock"
_LOCKED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
# What packages call a licence that SPDX has a shorter name for: https://spdx.org/licenses/
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "ZPL 2.1": "ZPL-2.1",
}
_HEAD = """\
# Licences

esddns is under [Apache-2.0](../LICENSE). The image ships these Python packages, each with the text of its
licence in its `dist-info` folder, as the package itself names it. Written from the locked packages by
`make generated`; a test compares, and refuses a licence that nobody looked at.

The base brings the interpreter (PSF-2.0) and the shared libraries that it loads. Where that is a Debian,
`/var/lib/dpkg/status.d` names their packages, and `/usr/share/doc/*/copyright` has their licences.

| package | licence |
|---|---|
"""


def licences() -> Iterator[tuple[str, str]]:
    """Give each locked package's name with its licence, an SPDX expression where it says one."""
    for name in _LOCKED.findall(LOCK.read_text("utf-8")):
        about = metadata.metadata(name)
        classifiers = [
            line.rpartition(" :: ")[2]
            for line in about.get_all("Classifier") or ()
            if line.startswith("License :: ")
        ]
        said = about.get("License-Expression") or about.get("License") or "".join(classifiers)
        yield name, _SPDX.get(said, said)


def page() -> str:
    """Write the page."""
    return _HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in licences())


if __name__ == "__main__":
    sys.stdout.write(page())
