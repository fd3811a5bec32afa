"""A watch by kubectl that begins anew when it ends, as it does with the API server, which tests stop."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

from harness.kubectl import Kubectl

# Seconds before the next: while no API server answers each ends at once.
_PAUSE = 1.0


class Watch:
    """Hands each line of `kubectl get ARGUMENTS --watch --output-watch-events` to `heard`, in a thread."""

    def __init__(self, kubectl: Kubectl, heard: Callable[[str], None], *arguments: str) -> None:
        self._kubectl = kubectl
        self._heard = heard
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=arguments[0], daemon=True)

    def start(self) -> None:
        """Begin with all that is there."""
        self._thread.start()

    def again(self) -> None:
        """Begin anew, with all that is there."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """Hear no more; one that was not started has nothing to stop."""
        self._stopped.set()
        self.again()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            with self._kubectl.start(
                "get", *self._arguments, "--watch", "--output-watch-events"
            ) as self._process:
                if self._stopped.is_set():
                    self._process.kill()  # `stop` came before this one was there
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    self._heard(line)
            self._stopped.wait(_PAUSE)
