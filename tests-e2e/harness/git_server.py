"""A Git server over HTTP on this machine, which pods reach by the gateway of kind's network.

Git's own `http-backend` (git-http-backend(1)) as a CGI program, in the WSGI server that the project has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import waitress.server

_NAME = "esddns.git"


class GitServer:
    """One bare repository in `folder`, and a working copy of it."""

    def __init__(self, folder: Path, address: str) -> None:
        self._bare = folder / "bare" / _NAME
        self.work = folder / "work"
        self._server = waitress.server.create_server(
            self._serve, host=address, port=0, threads=4, clear_untrusted_proxy_headers=True
        )
        self.url = f"http://{address}:{self._server.effective_port}/{_NAME}"
        self._thread = threading.Thread(target=self._server.run, name="git", daemon=True)

    def start(self, files: Path) -> None:
        """Begin with the files that Git knows in the folder `files`, and those it does not ignore."""
        git(
            self._bare.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(self._bare)
        )
        git(self._bare, "config", "http.receivepack", "true")
        git(self.work, "init", "--quiet", "--initial-branch=main", ".")
        copy_files(files, self.work)
        git(self.work, "remote", "add", "origin", self.url)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.close()

    def push(self, message: str) -> str:
        """Commit all that changed in the working copy, push it, and return the commit."""
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", f"--message={message}")
        git(self.work, "push", "--quiet", "origin", "main")
        return git(self.work, "rev-parse", "HEAD").strip()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        wanted = ("CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REQUEST_METHOD")
        passed = {name: environ[name] for name in wanted if name in environ}
        for header in ("HTTP_CONTENT_ENCODING", "HTTP_GIT_PROTOCOL"):
            if header in environ:
                passed[header] = environ[header]
        body = environ["wsgi.input"].read()
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                **_environment(),
                **passed,
                "CONTENT_LENGTH": str(len(body)),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROJECT_ROOT": str(self._bare.parent),
            },
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        start_response(status, [(name, value) for name, value in headers if name != "Status"])
        return [answer]


def copy_files(repository: Path, folder: Path) -> None:
    """Copy the files that Git knows, and those it does not ignore."""
    listed = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (repository / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, folder / name)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with none of the user's own settings, and return its output."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    if done.returncode != 0:
        raise RuntimeError(f"git {' '.join(arguments)} in {folder}: {done.stderr.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    author = {"NAME": "End to end", "EMAIL": "end-to-end@example.com"}
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        # The files may belong to another user, where tests run in a container.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        **{
            f"GIT_{who}_{what}": text
            for who in ("AUTHOR", "COMMITTER")
            for what, text in author.items()
        },
    }
