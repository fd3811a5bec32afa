"""Gather what esddns needs to run, from the image that it was installed in, into an empty folder.

That folder is the whole image: the virtual environment, the interpreter and its standard library, the
shared libraries that these load, the certificates. No shell, no package manager, nothing to break out
with. Run by the environment's own interpreter while the Dockerfile builds; no packages are needed:

    /opt/esddns/bin/python3 gather.py FOLDER
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# What the program imports beside its own modules, when it comes to that. What all these do not load of the
# official Kubernetes client (1600 generated modules) is left behind.
LATER = (
    "cryptography.x509",
    "encodings.idna",
    "kopf",
    "kubernetes.aio.client.rest",
    "kubernetes.aio.config",
)
GENERATED = (
    "kubernetes/client/api",
    "kubernetes/client/models",
    "kubernetes/aio/client/api",
    "kubernetes/aio/client/models",
)
# Of the standard library: its own tests, windows, and what makes environments.
UNUSED = (
    "__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data",
    "site-packages", "test", "tests", "tkinter", "turtledemo", "venv", "*.a",
    "_curses*", "_dbm*", "_gdbm*", "_sqlite3*", "_test*", "_tkinter*", "nis.*", "ossaudiodev*",
    "readline*", "xxlimited*",
)  # fmt: skip
# Loaded by name while the program runs, so that no file says that it needs them.
OPENED = ("libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2")

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/:/sbin/nologin\nesddns:x:65532:65532:esddns:/:/sbin/nologin\n",
    "group": "root:x:0:\nesddns:x:65532:\n",
    "nsswitch.conf": "hosts: files dns\n",
}


class Root:
    """The folder that becomes the image's root; files keep the paths that they have here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copied: set[Path] = set()

    def take(self, path: Path) -> None:
        """Copy a file, with each symbolic link on the way to it."""
        place = self.at(path)
        for part in (*reversed(path.parents), path):
            place = self.at(part)
            if part.is_symlink():
                target = Path(os.path.normpath(part.parent / part.readlink()))
                if not place.is_symlink():
                    place.symlink_to(part.readlink())
                    self.copied |= set() if part.is_dir() else {part}
                self.take(target / path.relative_to(part))
                return
            if part.is_dir():
                place.mkdir(exist_ok=True)
        if path.is_file() and not place.exists():
            shutil.copy2(path, place)
            self.copied.add(path)

    def take_tree(self, top: Path, but: Iterable[str] = ()) -> None:
        """Copy a folder's files, but not those whose names match."""
        for folder, folders, names in os.walk(top):
            unwanted = shutil.ignore_patterns(*but)(folder, folders + names)
            folders[:] = [name for name in folders if name not in unwanted]
            for name in sorted({*folders, *names} - unwanted):
                path = Path(folder, name)
                if path.is_symlink() or not path.is_dir():
                    self.take(path)

    def write(self, path: str, text: str) -> None:
        """Write a file of our own."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def at(self, path: Path) -> Path:
        """Where a path of this system lies in the folder."""
        return self.folder / path.relative_to("/")


def main(folder: Path) -> None:
    """Fill the folder."""
    root = Root(folder)
    root.folder.mkdir(parents=True)
    loaded = load()
    environment, library = Path(sys.prefix), Path(sysconfig.get_path("stdlib"))
    root.take_tree(environment)
    drop_unloaded(root, Path(sysconfig.get_path("purelib")), loaded)
    root.take_tree(library, but=UNUSED)
    for libraries in sorted(set(needed_libraries(root))):
        root.take(libraries)
    if not AUTHORITIES.exists():
        raise SystemExit(
            f"{AUTHORITIES}: not in this image; sources over HTTPS need ca-certificates"
        )
    for path in (AUTHORITIES, *map(Path, ("/etc/os-release", "/etc/ld.so.conf"))):
        root.take(path)
    root.take_tree(Path("/etc/ld.so.conf.d"))
    subprocess.run(["ldconfig", "-X", "-r", folder], check=True)
    shutil.rmtree(folder / "var/cache", ignore_errors=True)
    record_packages(root)
    for name, text in ACCOUNTS.items():
        root.write(f"etc/{name}", text)
    compile_sources(root, environment, loaded)
    # Everything belongs to root; these are for whoever it runs as.
    for name in ("tmp", "var/lib/esddns"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(0o1777)
    set_times(folder, int(os.environ.get("SOURCE_DATE_EPOCH") or 0))


def load() -> set[Path]:
    """Import all that the program can; gives the files of all that is loaded then."""
    ours = importlib.import_module("esddns").__path__
    names = {module.name for module in pkgutil.walk_packages(ours, "esddns.")} - {"esddns.__main__"}
    for name in (*sorted(names), *LATER):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # The demo alone needs the simulator, and is not for an image.
            if error.name != "esddns_simulator":
                raise
    return {Path(found) for module in [*sys.modules.values()]
            if (found := getattr(module, "__file__", None))}  # fmt: skip


def drop_unloaded(root: Root, packages: Path, loaded: set[Path]) -> None:
    """Remove the modules that the official client generates and nothing here imports."""
    for part in GENERATED:
        for path in sorted(root.at(packages / part).glob("*.py")):
            if packages / part / path.name not in loaded:
                path.unlink()


def needed_libraries(root: Root) -> Iterator[Path]:
    """List the shared libraries that the gathered programs and modules load."""
    binaries = [Path("/", path.relative_to(root.folder)) for path in root.folder.rglob("*")
                if path.is_file() and not path.is_symlink() and is_elf(path)]  # fmt: skip
    seen = set()
    for binary in sorted(binaries):
        said = subprocess.run(
            ["ldd", binary],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        if "not found" in said:
            raise SystemExit(f"{binary} needs a library that this image does not have:\n{said}")
        seen |= {Path(found) for found in re.findall(r"(/\S+) \(0x", said)}
    yield from seen
    for name in OPENED:
        yield from {folder / name for folder in {path.parent for path in seen}
                    if (folder / name).exists()}  # fmt: skip


def is_elf(path: Path) -> bool:
    """Whether a file is a program or a shared library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def record_packages(root: Root) -> None:
    """Say of each Debian package that files came from which it is, where scanners look, and its licence."""
    info, status = Path("/var/lib/dpkg/info"), Path("/var/lib/dpkg/status")
    if not status.exists():
        return
    owners = set()
    for listing in info.glob("*.list"):
        # Debian's lists say /lib for what lies in /usr/lib.
        paths = map(Path, listing.read_text().splitlines())
        if any(path.parent.resolve() / path.name in root.copied for path in paths):
            owners.add(listing.stem.partition(":")[0])
    for stanza in status.read_text().split("\n\n"):
        name = re.match(r"Package: (\S+)", stanza)
        if name and name[1] in owners:
            root.write(f"var/lib/dpkg/status.d/{name[1]}", f"{stanza.strip()}\n")
            licence = Path("/usr/share/doc", name[1], "copyright")
            if licence.exists():
                root.take(licence)


def compile_sources(root: Root, environment: Path, loaded: set[Path]) -> None:
    """Compile what may be started and what is loaded, for no start can: the file system is read-only then.

    Unchecked: sources do not change in an image. Not Pygments: 4 MB more, for colours that nothing asks for.
    """
    shipped = (
        Path("/", path.relative_to(root.folder)) for path in root.at(environment).rglob("*.py")
    )
    for source in sorted({*shipped, *loaded}):
        if source.suffix == ".py" and root.at(source).exists() and "pygments" not in source.parts:
            py_compile.compile(
                str(root.at(source)),
                dfile=str(source),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


def set_times(folder: Path, when: int) -> None:
    """Give every file the same time, in seconds since 1970: two builds are the same then."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (when, when), follow_symlinks=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
