"""A Ray cluster of one machine that nobody else can reach."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from batches import environment

_STARTS_WITHIN_S = 60


@dataclass(frozen=True)
class RayCluster:
    """
    Attributes:
        address: HOST:PORT.
        environment: for processes that use it.
        pid: of its first process.
    """

    address: str
    environment: dict[str, str]
    pid: int

    def at_work(self) -> list[psutil.Process]:
        """The actors that work on a clip now."""
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            try:
                if process.cmdline()[:1] == ["ray::_Actor.anonymize"]:
                    found.append(process)
            except psutil.Error:  # has ended
                continue
        return found


@contextmanager
def ray_cluster(cores: int) -> Iterator[RayCluster]:
    """Listens on loopback only, asks for a token, reports to nobody."""
    private = environment(
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",  # the switch that makes Ray keep to loopback
        RAY_USAGE_STATS_ENABLED="0",
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN=secrets.token_hex(32),
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets are in it
    head = subprocess.Popen(
        [
            Path(sys.executable).with_name("ray"), "start", "--head", "--block",
            "--node-ip-address=127.0.0.1", f"--port={port}", f"--num-cpus={cores}",
            "--include-dashboard=false", "--object-store-memory=100000000",
            "--min-worker-port=0", "--max-worker-port=0", f"--temp-dir={folder}",
        ],
        env=private, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + _STARTS_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert head.poll() is None and time.monotonic() < until, "Ray did not start"
                time.sleep(0.2)
        yield RayCluster(f"127.0.0.1:{port}", private, head.pid)
    finally:
        started = psutil.Process(head.pid).children(recursive=True)
        head.terminate()
        head.wait(30)
        _, left = psutil.wait_procs(started, timeout=10)
        for process in left:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
