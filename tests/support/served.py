"""The app in a process of its own, as its visitors meet it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 120


@dataclass(frozen=True)
class App:
    """A server that runs.

    Attributes:
        url: without a slash at the end.
        folder: where it keeps everything.
        log: what it has printed.
        lookups: a file, there if the app or one of its workers asked for another machine.
    """

    url: str
    process: subprocess.Popen
    folder: Path
    log: Path
    lookups: Path

    def files(self) -> list[Path]:
        """Every file of a visitor; the server may delete some meanwhile."""
        return [
            Path(folder, name)
            for folder, _, names in os.walk(self.folder)
            for name in names
            if "visitors" in Path(folder).parts and "examples" not in Path(folder).parts
        ]


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[App]:
    """Start the app on a free loopback port and end it as an operator would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = (
        os.environ
        | environment
        | {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": str(folder / "served"),
            "PYTHONPATH": str(ROOT / "tests" / "support" / "no_lookups"),
            "GAIT_LOOKUPS": str(folder / "lookups.txt"),
            "GRADIO_HEARTBEAT_INTERVAL": "1",  # a client that closes is noticed at the next beat
        }
    )
    path = folder / "log.txt"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url, lookups = f"http://127.0.0.1:{port}", folder / "lookups.txt"
    app = App(url, process, folder / "served", path, lookups)
    try:
        _wait_until_served(app)
        yield app
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait_until_served(app: App) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert app.process.poll() is None, f"the app ended:\n{app.log.read_text()}"
        try:
            with urllib.request.urlopen(app.url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"the app was not served within {START_S} s:\n{app.log.read_text()}")
