"""Takes single files out of Go modules: the definitions of kinds that others own. Needs go; compiles nothing.

fetch_schemas.py schemas.txt FOLDER
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path


def main(listed: Path, folder: Path) -> None:
    """Put every file that is listed into the folder, under its own name."""
    for line in listed.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            module, version, checksum, *names = line.split()
            sys.stdout.write(f"install-tools: schemas of {module} {version}\n")
            _extract(_fetch(f"{module}@{version}", checksum), f"{module}@{version}", names, folder)


def _fetch(module: str, checksum: str) -> Path:
    """Give the module's zip. Go's own exit code is 1 where the module wants a newer Go: it need not run."""
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    told = json.loads(done.stdout or "{}")
    if "Zip" not in told:
        sys.exit(f"install-tools: {module}: {told.get('Error') or done.stderr.strip()}")
    if told["Sum"] != checksum:
        sys.exit(f"install-tools: {module}: checksum {told['Sum']}, expected {checksum}")
    return Path(told["Zip"])


def _extract(archive: Path, module: str, names: list[str], folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for name in names:
            (folder / Path(name).name).write_bytes(opened.read(f"{module}/{name}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
