"""manifest.jsonl: one line of JSON a clip, by which a later run knows what is finished."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout

from gait_demo.batch.place import Place
from gait_demo.errors import BatchError
from gait_demo.options import Options

MANIFEST = "manifest.jsonl"
_SEND_EVERY_S = 30  # to a URL, where nothing can be appended

_SALT_BYTES = 16

Line = dict  # of JSON


class Manifest:
    """The lines of all clips in an output, the newest of each by name."""

    def __init__(self, place: Place):
        """
        Raises:
            BatchError: it cannot be read, or written.
        """
        self._place = place
        self._lines: dict[str, Line] = {}
        self._sent_s = monotonic()
        try:
            content = place.read(MANIFEST) or b""
        except OSError as error:
            raise BatchError(f"{place.address(MANIFEST)} cannot be read: {error}.") from error
        for text in content.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # cut off by the end of an earlier run
                line = json.loads(text)
                self._lines[line["name"]] = line

    def get(self, name: str) -> Line | None:
        return self._lines.get(name)

    def keep(self, line: Line) -> None:
        """What is known now of a clip that is finished; written with the next `write`."""
        self._lines[line["name"]] = line

    def forget(self, names: Collection[str]) -> None:
        """Drop the lines of clips that are about to be worked on: what their files are of is not
        known until they are finished."""
        for name in names:
            self._lines.pop(name, None)
        self.write()

    def add(self, line: Line) -> None:
        """
        Raises:
            BatchError: it cannot be written, say on a full disk.
        """
        self._lines[line["name"]] = line
        if self._place.folder is None:
            if monotonic() - self._sent_s > _SEND_EVERY_S:
                self.write()
            return
        with self._reporting(), (self._place.folder / MANIFEST).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def write(self) -> None:
        """Write it anew, one line a clip.

        Raises:
            BatchError: as for `add`.
        """
        content = "".join(json.dumps(line) + "\n" for line in self._lines.values())
        with self._reporting():
            self._place.write(MANIFEST, content.encode())
        self._sent_s = monotonic()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BatchError(
                f"{self._place.address(MANIFEST)} cannot be written: {error.strerror or error}. "
                "Make room and start it again to go on: what is finished is kept."
            ) from error


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """No other run of this machine, or of those that share the folder, writes there meanwhile.

    Raises:
        BatchError: one does.
    """
    if place.folder is None:
        yield
        return
    try:
        with FileLock(place.folder / f".{MANIFEST}.lock", timeout=0):
            yield
    except Timeout as error:
        raise BatchError(
            f"Another run is writing to {place.url}: wait for its end or choose another folder."
        ) from error


def content_of(path: Path) -> str:
    """What a clip's content is known by in the manifest: not its SHA-256, which together with the
    secret tells the noise.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return hmac.digest(digest, b"gait_demo batch content", "sha256").hex()


def stamped(path: Path) -> dict[str, str]:
    """What a line holds to tell later that nobody has written to the file: a random salt, and the
    stamp with it.

    Raises:
        OSError: there is no such file.
    """
    salt = secrets.token_hex(_SALT_BYTES)
    return {"salt": salt, "stamp": stamp_of(path, salt)}


def stamp_of(path: Path, salt: str) -> str:
    """While it stays the same, nobody has written to the file. A digest, because the time of the
    last change is often that of the filming.

    Raises:
        OSError: there is no such file.
    """
    about = path.stat()
    told = f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
    return hmac.digest(salt.encode(), told.encode(), "sha256").hex()


def settings_of(options: Options, weights: dict[str, str]) -> str:
    """What results of the same content depend on, in one digest: the options, the weights, and the
    secret if one was given.

    Args:
        weights: sha256 by the network's name.
    """
    told = asdict(options)
    secret = told["anonymize"].pop("secret")
    del told["threads"]
    content = json.dumps([told, weights], sort_keys=True)
    return hmac.digest(secret or bytes(1), b"gait_demo batch" + content.encode(), "sha256").hex()
