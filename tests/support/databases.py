"""Databases to keep votes in: a file, and a PostgreSQL server of one's own on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

_SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_LIMIT_S = 60


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database; skips where server or driver are not installed."""
    if not _SERVERS:
        pytest.skip("PostgreSQL is not installed: votes were not kept in it")
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: votes were not kept in PostgreSQL")
    binaries = _SERVERS[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="gait-postgres-"))
    owner = {}
    if os.geteuid() == 0:  # the server refuses to be root
        user = next(n for n in ("postgres", "nobody") if n in {p.pw_name for p in pwd.getpwall()})
        owner = {"user": user}
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(folder / "data"), *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        subprocess.run(command, check=True, timeout=_LIMIT_S, **quiet, **owner)

    settings = f"-p {port} -h 127.0.0.1 -k {folder}"
    try:
        call("initdb", "-U", "gait", "--auth=trust")
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
        yield f"postgresql://gait@127.0.0.1:{port}/postgres"
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            call("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
