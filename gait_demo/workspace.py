"""Hidden working folders that are removed at the end, or, after a process was killed, by the next
one that opens a folder in the same place; and files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gait_demo.errors import VideoError

_HIDDEN, _LOCK = ".gait-demo-", "lock"
_SWEEP_S = 1  # seconds to wait for a sweep by another process, which holds the lock meanwhile


@contextmanager
def working_folder(parent: Path, key: str) -> Iterator[Path]:
    """A hidden folder that is removed when the block ends or, if the process is killed, when any
    other run or server opens a working folder in the same parent.

    Args:
        parent: the folder to create it in.
        key: name of what is worked on; only one block per key can run at a time.

    Raises:
        VideoError: another process is in a block with this key.
        OSError: the folder cannot be created.
    """
    sweep(parent)
    part = parent / f"{_HIDDEN}{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    lock = FileLock(part / _LOCK, timeout=_SWEEP_S)
    while not lock.is_locked:
        part.mkdir(mode=0o700, exist_ok=True)
        try:
            with suppress(FileNotFoundError):  # another run's sweep removed the folder
                lock.acquire()
        except Timeout as error:
            raise VideoError(
                f"Another run is writing to {parent}: wait for its end or choose another folder."
            ) from error
        if not (part / _LOCK).exists():  # swept while this process waited for the lock
            lock.release()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        lock.release()


def sweep(parent: Path) -> None:
    """Remove the working folders of runs and servers that were killed."""
    for other in parent.glob(f"{_HIDDEN}*"):
        with suppress(Timeout, OSError):  # in use, or another user's
            if (other / _LOCK).exists():
                with FileLock(other / _LOCK, timeout=0):
                    shutil.rmtree(other, ignore_errors=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text file that at no time has a part of its content, even if the process is killed.

    Raises:
        OSError: the file cannot be written; it is as it was.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
