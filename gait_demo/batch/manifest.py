"""manifest.jsonl: one line of JSON per clip, from which a later run knows what is finished."""

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
_SEND_EVERY_S = 30  # minimum interval of writing to a URL, where nothing can be appended

_SALT_BYTES = 16

Line = dict  # of JSON


class Manifest:
    """The newest line of each clip in an output, by name."""

    def __init__(self, place: Place):
        """
        Raises:
            BatchError: the manifest cannot be read.
        """
        self._place = place
        self._lines: dict[str, Line] = {}
        self._sent_s = monotonic()
        try:
            content = place.read(MANIFEST) or b""
        except OSError as error:
            raise BatchError(f"{place.address(MANIFEST)} cannot be read: {error}.") from error
        for text in content.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # cut off as a run was killed
                line = json.loads(text)
                self._lines[line["name"]] = line

    def get(self, name: str) -> Line | None:
        return self._lines.get(name)

    def keep(self, line: Line) -> None:
        """Updates the line of a finished clip; the next `write` stores it."""
        self._lines[line["name"]] = line

    def forget(self, names: Collection[str]) -> None:
        """Drops the lines of clips that are about to be processed: until they are finished, it is
        not known which run their files are from."""
        for name in names:
            self._lines.pop(name, None)
        self.write()

    def add(self, line: Line) -> None:
        """Adds the line of a clip that has just been processed.

        Raises:
            BatchError: the manifest cannot be written, for example because the disk is full.
        """
        self._lines[line["name"]] = line
        if self._place.folder is None:
            if monotonic() - self._sent_s > _SEND_EVERY_S:
                self.write()
            return
        with self._reporting(), (self._place.folder / MANIFEST).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def write(self) -> None:
        """Writes the whole manifest, one line per clip.

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
                "Make room and start the run again to continue: finished clips are kept."
            ) from error


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """A lock that keeps other runs from writing to the same folder, also from other machines that
    share it. URLs are not locked.

    Raises:
        BatchError: another run is writing there.
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
    """A digest that identifies a clip's content in the manifest. It is not the content's SHA-256,
    because that together with the secret gives the noise.

    Raises:
        OSError: the clip cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return hmac.digest(digest, b"gait_demo batch content", "sha256").hex()


def stamped(path: Path) -> dict[str, str]:
    """The entries of a line by which a later run recognises an unchanged file: a random salt, and
    the stamp with it.

    Raises:
        OSError: there is no such file.
    """
    salt = secrets.token_hex(_SALT_BYTES)
    return {"salt": salt, "stamp": stamp_of(path, salt)}


def stamp_of(path: Path, salt: str) -> str:
    """A digest of a file's size and times: if it is the same, the file has not been written to. A
    digest, because the time of the last change often tells when the video was recorded.

    Raises:
        OSError: there is no such file.
    """
    about = path.stat()
    state = f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
    return hmac.digest(salt.encode(), state.encode(), "sha256").hex()


def settings_of(options: Options, weights: dict[str, str]) -> str:
    """A digest of everything but the content that results depend on: the options, the weights, and
    the secret if one was given.

    Args:
        options: without `threads`, which changes no result.
        weights: sha256 by network.
    """
    settings = asdict(options)
    secret = settings["anonymize"].pop("secret")
    del settings["threads"]
    content = json.dumps([settings, weights], sort_keys=True)
    return hmac.digest(secret or bytes(1), b"gait_demo batch" + content.encode(), "sha256").hex()
