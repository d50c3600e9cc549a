"""The user's cache of weights that were taken out of released packages."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gait_demo.workspace import working_folder

_log = logging.getLogger(__name__)
_LEFT = ".*.part"  # files and folders of a process that was killed while it wrote
_lock = threading.Lock()
_stand_ins: dict[Path, Path] = {}  # of folders that cannot be written
_until_exit = ExitStack()
atexit.register(_until_exit.close)


def location() -> Path:
    """`weights` in $GAIT_DEMO_CACHE, else in `gait_demo` in $XDG_CACHE_HOME or ~/.cache."""
    if own := os.environ.get("GAIT_DEMO_CACHE"):
        return Path(own).absolute() / "weights"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base).absolute() / "gait_demo" / "weights"


def folders() -> list[Path]:
    """Where cached files may be: `location`, and its stand-in if it has one."""
    return [location(), *_stand_ins.values()]


def writable() -> Path:
    """`location`, made if need be; where that fails, a folder that is deleted with the process.

    Raises:
        OSError: not even a temporary folder can be made.
    """
    folder = location()
    with _lock:
        if folder in _stand_ins:
            return _stand_ins[folder]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError as error:
            stand_in = _until_exit.enter_context(
                working_folder(Path(tempfile.gettempdir()), uuid.uuid4().hex)
            )
            _stand_ins[folder] = stand_in
            _log.warning(
                "The cache %s cannot be written (%s): weights are kept in %s until this process "
                "ends, and fetched again by the next. Set GAIT_DEMO_CACHE to a folder that can be "
                "written.",
                folder, error.strerror, stand_in,
            )  # fmt: skip
            return stand_in


def write(path: Path, content: bytes) -> None:
    """Put a file into the cache, whole or not at all."""
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def download_folder(folder: Path) -> Iterator[Path]:
    """A folder in one of the cache, which is gone when the block ends."""
    part = folder / f".{uuid.uuid4().hex}.part"
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what killed processes left; to be called while no other process writes."""
    for part in folder.glob(_LEFT):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
