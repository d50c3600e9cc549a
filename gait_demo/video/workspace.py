"""Folders for what is in the making, of which nothing stays."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gait_demo.errors import VideoError

_HIDDEN, _LOCK = ".gait-demo-", "lock"


@contextmanager
def working_folder(parent: Path, key: str) -> Iterator[Path]:
    """A hidden folder that is gone when the block ends and, if the process is killed, when any run
    or server next works beside it.

    Args:
        parent: where it is made.
        key: two blocks of the same key never run at once.

    Raises:
        VideoError: another process is in a block of this key.
        OSError: the folder cannot be made.
    """
    _sweep(parent)
    part = parent / f"{_HIDDEN}{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    part.mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(part / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise VideoError(
            f"Another run is writing to {parent}: wait for its end or choose another folder."
        ) from error
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        lock.release()


def _sweep(parent: Path) -> None:
    """Delete the working folders of processes that are no more."""
    for other in parent.glob(f"{_HIDDEN}*"):
        with suppress(Timeout, OSError):  # in use, or another user's
            if (other / _LOCK).exists():
                with FileLock(other / _LOCK, timeout=0):
                    shutil.rmtree(other, ignore_errors=True)
