"""The user's cache of weights that come from released packages."""

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
_LEFT = ".*.part"  # names of unfinished files and folders, which a killed process leaves behind
_lock = threading.Lock()
_stand_ins: dict[Path, Path] = {}  # temporary folders that replace folders that are not writable
_until_exit = ExitStack()
atexit.register(_until_exit.close)


def location() -> Path:
    """The cache folder: $GAIT_DEMO_CACHE/weights, else $XDG_CACHE_HOME/gait_demo/weights, else
    ~/.cache/gait_demo/weights."""
    if own := os.environ.get("GAIT_DEMO_CACHE"):
        return Path(own).absolute() / "weights"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base).absolute() / "gait_demo" / "weights"


def folders() -> list[Path]:
    """All folders that may hold cached files: `location`, and the temporary ones of `writable`."""
    return [location(), *_stand_ins.values()]


def writable() -> Path:
    """`location`, created if missing; if it is not writable, a temporary folder that is deleted
    when the process ends.

    Raises:
        OSError: not even a temporary folder can be created.
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
                "ends, and then have to be downloaded again. Set GAIT_DEMO_CACHE to a folder that "
                "can be written.",
                folder, error.strerror, stand_in,
            )  # fmt: skip
            return stand_in


def write(path: Path, content: bytes) -> None:
    """Writes a file to the cache, completely or not at all."""
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def download_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder inside a folder of the cache, deleted when the block ends."""
    part = folder / f".{uuid.uuid4().hex}.part"
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Deletes what killed processes left behind; only call it while no other process writes."""
    for part in folder.glob(_LEFT):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
