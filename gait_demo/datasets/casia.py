"""Reading CASIA-B (Yu, Tan and Tan 2006), in which some sequences are missing or incomplete.

Silhouettes are in `GaitDatasetB-silh`, as `001/nm-01/090/*.png` or packed as they are distributed,
one `001.tar.gz` per person; videos are in `DatasetB-1/video` and `DatasetB-2/video`.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import DataError

PEOPLE = range(1, 125)
VIEWS = range(0, 181, 18)
CONDITIONS = (
    "nm-01", "nm-02", "nm-03", "nm-04", "nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02"
)  # fmt: skip
SILHOUETTES = "GaitDatasetB-silh"
VIDEOS = ("DatasetB-1/video", "DatasetB-2/video")
FRAME_SHAPE = (240, 320)
FPS = 25

_FRAME_NAME = re.compile(r"(\d{3}-[a-z]{2}-\d{2}-\d{3})-(\d+)\.png")


@dataclass(frozen=True, order=True)
class Sequence:
    """The name of a sequence: person, condition such as "nm-01", and view in degrees."""

    person: int
    condition: str
    view: int

    @property
    def name(self) -> str:
        return f"{self.person:03d}-{self.condition}-{self.view:03d}"

    @property
    def folder(self) -> str:
        """Folder of its silhouettes, relative to GaitDatasetB-silh."""
        return f"{self.person:03d}/{self.condition}/{self.view:03d}"

    def frame_name(self, number: int) -> str:
        """File name of a silhouette; `number` is that of the video frame, from 1."""
        return f"{self.name}-{number:03d}.png"


@dataclass(frozen=True)
class Silhouettes:
    """The silhouettes of a sequence, as far as they can be read.

    Attributes:
        numbers: (T,) int, numbers of the video frames, from 1, rising; CASIA-B lacks some.
        masks: (T, H, W) uint8, 0 or 1.
        problems: a sentence for each missing or malformed part.
    """

    sequence: Sequence
    numbers: np.ndarray
    masks: np.ndarray
    problems: tuple[str, ...]


def video_folder(person: int) -> str:
    """The folder of a person's videos. That the first half of the people is in DatasetB-1 is an
    assumption."""
    return VIDEOS[0] if person <= PEOPLE[-1] // 2 else VIDEOS[1]


def background_name(person: int, view: int) -> str:
    """File name of the video of the empty background."""
    return f"{person:03d}-bkgrd-{view:03d}.avi"


class CasiaB:
    """A copy of CASIA-B, or of a part of it, real or synthetic.

    Args:
        root: the folder that contains GaitDatasetB-silh, or GaitDatasetB-silh itself.

    Raises:
        DataError: it contains no silhouettes.
    """

    def __init__(self, root: Path):
        inside = (root / SILHOUETTES).is_dir()
        self._root = root / SILHOUETTES if inside else root
        self._videos = [(root if inside else root.parent) / folder for folder in VIDEOS]
        people = {path.name[:3] for path in self._root.glob("[0-9][0-9][0-9]*")}
        self.people = tuple(sorted(int(name) for name in people))
        if not self.people:
            raise DataError(
                f"{root} holds no CASIA-B silhouettes: expected {SILHOUETTES}/001/nm-01/090/*.png "
                f"or {SILHOUETTES}/001.tar.gz below it."
            )
        self._packed: tuple[int, dict[str, dict[str, bytes]]] = (0, {})

    def sequences(
        self,
        people: Collection[int] = PEOPLE,
        conditions: Collection[str] = CONDITIONS,
        views: Collection[int] = VIEWS,
    ) -> list[Sequence]:
        """All sequences that the protocol has for the chosen people in this copy, in order; some of
        them may be missing on disk."""
        return [
            Sequence(person, condition, view)
            for person in self.people if person in people
            for condition in CONDITIONS if condition in conditions
            for view in VIEWS if view in views
        ]  # fmt: skip

    def read(self, sequence: Sequence) -> Silhouettes:
        """The silhouettes of a sequence; empty, with a problem, if there are none."""
        masks, numbers, problems = [], [], []
        try:
            frames = sorted(self._frames(sequence))
        except DataError as error:
            frames = []
            problems.append(str(error))
        for name, data in frames:
            match = _FRAME_NAME.fullmatch(name)
            if not match or match[1] != sequence.name:
                problems.append(f"{name} is not a frame of {sequence.name}")
                continue
            pixels = np.frombuffer(data, np.uint8)
            image = cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE) if data else None
            if image is None:
                problems.append(f"{name} is not a readable picture")
            elif masks and image.shape != masks[0].shape:
                problems.append(f"{name} is {image.shape[1]}x{image.shape[0]} unlike the others")
            else:
                masks.append((image > 127).astype(np.uint8))
                numbers.append(int(match[2]))
        if not masks:
            problems.append(f"{sequence.name} has no silhouettes")
            masks = np.zeros((0, *FRAME_SHAPE), np.uint8)
        elif numbers[-1] - numbers[0] + 1 > len(numbers):
            lost = numbers[-1] - numbers[0] + 1 - len(numbers)
            problems.append(f"{sequence.name} lacks frames in between: {lost}")
        return Silhouettes(sequence, np.array(numbers, int), np.asarray(masks), tuple(problems))

    def video(self, sequence: Sequence) -> Path | None:
        """The video of a sequence; None if there is none."""
        return self._video(f"{sequence.name}.avi")

    def background(self, person: int, view: int) -> Path | None:
        """The video of the empty background behind a person; None if there is none."""
        return self._video(background_name(person, view))

    def _video(self, name: str) -> Path | None:
        paths = (folder / name for folder in self._videos if (folder / name).is_file())
        return next(paths, None)

    def _frames(self, sequence: Sequence) -> Iterator[tuple[str, bytes]]:
        archive = self._root / f"{sequence.person:03d}.tar.gz"
        folder = self._root / sequence.folder
        if folder.is_dir() or not archive.exists():
            yield from ((path.name, path.read_bytes()) for path in folder.glob("*.png"))
            return
        if self._packed[0] != sequence.person:
            self._packed = (sequence.person, {})  # so that a damaged archive is reported only once
            self._packed = (sequence.person, unpack(archive))
        yield from self._packed[1].get(sequence.folder, {}).items()


def unpack(archive: Path) -> dict[str, dict[str, bytes]]:
    """The PNG files in a person's archive: by folder as in `Sequence.folder`, then by name.

    Raises:
        DataError: the archive is damaged.
    """
    frames: dict[str, dict[str, bytes]] = {}
    try:
        content = gzip.decompress(archive.read_bytes())  # verifies the checksum; tarfile does not
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar:
                path = Path(member.name)
                if member.isfile() and path.suffix == ".png":
                    folder = "/".join(path.parts[-4:-1])
                    frames.setdefault(folder, {})[path.name] = tar.extractfile(member).read()
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise DataError(f"{archive.name} is damaged: download or make it again.") from error
    return frames
