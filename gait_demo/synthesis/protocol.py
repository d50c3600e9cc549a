"""Synthetic people in CASIA-B's protocol and file layout.

Every person keeps one body and one gait; from walk to walk, pace, vigour and the details of the
gait vary a little. nm and bg have the same clothes, bg with a bag, cl a coat. Eleven cameras on a
half circle see the same walk. Everything depends only on the seed and on the numbers of person,
walk and camera, so that any part can be made by itself.

People may move as real ones who were recorded by motion capture: every made person has a body of
their own and the movements of one real person, who are taken in turn, and so are their walks.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from gait_demo.datasets.casia import (
    CONDITIONS,
    FPS,
    PEOPLE,
    SILHOUETTES,
    VIEWS,
    Sequence,
    background_name,
    unpack,
    video_folder,
)
from gait_demo.errors import DataError
from gait_demo.synthesis.body import template
from gait_demo.synthesis.damage import damage, draw_severity
from gait_demo.synthesis.exposure import develop
from gait_demo.synthesis.recorded import RecordedWalk, read_subjects
from gait_demo.synthesis.walk import Walk, casia_place
from gait_demo.synthesis.workers import run_jobs
from gait_demo.types import Progress, silent
from gait_demo.video import write_avi
from gait_demo.weights.manifest import sha256
from gait_demo.workspace import write_whole

_NOTE = "synthesis.json"  # describes the content of the folder
_BACKGROUND_FRAMES = 25
_DAMAGE = 1  # keeps the random numbers of defects apart from those of the camera
_PNG = (cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 1)


@dataclass(frozen=True)
class ProtocolOptions:
    """Options of the data set.

    Attributes:
        out: folder that gets GaitDatasetB-silh.
        severity: how badly the silhouettes are damaged: 0 not at all, 1 as CASIA-B's are.
        archive: pack each person into one file, as CASIA-B is distributed: far smaller on disk.
        rgb: write the videos as well, and those of the empty place.
        mocap: folder of motion capture (BVH) of walks, by which people move; see
            `recorded.read_subjects`.
    """

    out: Path
    people: tuple[int, ...] = tuple(PEOPLE)
    conditions: tuple[str, ...] = CONDITIONS
    views: tuple[int, ...] = tuple(VIEWS)
    seed: int = 0
    severity: float = 0.0
    workers: int = 2
    archive: bool = False
    rgb: bool = False
    mocap: Path | None = None

    def __post_init__(self) -> None:
        known = {
            "person": (self.people, PEOPLE, "1 to 124"),
            "condition": (self.conditions, CONDITIONS, ", ".join(CONDITIONS)),
            "view": (self.views, VIEWS, "0 to 180 degrees in steps of 18"),
        }
        for name, (asked, available, choice) in known.items():
            unknown = [str(value) for value in asked if value not in available]
            if unknown:
                raise DataError(f"CASIA-B has no {name} {unknown[0]}: choose from {choice}.")
        if not 0 <= self.severity < math.inf:
            raise DataError(f"The severity is {self.severity}: give 0 (clean) or more.")


def synthesize_protocol(options: ProtocolOptions, on_progress: Progress = silent) -> None:
    """Writes the sequences that do not exist yet, as loose files or packed, so that a killed run
    can be continued.

    `on_progress("synthesize", done, total)` counts people.

    Raises:
        DataError: the folder holds walks of another seed, severity or motion capture, or CASIA-B
            itself; or there is no such motion capture.
    """
    if options.mocap:
        _subjects(options.mocap)  # before anything is written
    (options.out / SILHOUETTES).mkdir(parents=True, exist_ok=True)
    _claim(options)
    template()  # anny caches its model on disk: do it once, before the workers start

    def report(done: int) -> None:
        on_progress("synthesize", done, len(options.people))

    jobs = ((person, options) for person in options.people)
    run_jobs(_write_person, jobs, options.workers, report)


def _claim(options: ProtocolOptions) -> None:
    """Makes sure that the folder holds only data of one population."""
    note = options.out / _NOTE
    population: dict = {"seed": options.seed, "severity": options.severity}
    if options.mocap:
        population["mocap"] = {
            path.name: sha256(path) for path in sorted(options.mocap.glob("*.bvh"))
        }
    made = json.dumps(population)
    if not note.exists():
        if any((options.out / SILHOUETTES).iterdir()):
            raise DataError(f"{options.out} holds walks that are not ours: choose another folder.")
        write_whole(note, made)
    elif (there := note.read_text()) != made:
        raise DataError(f"{options.out} holds other walks ({there}): choose another folder.")
    for part in (options.out / SILHOUETTES).glob("*/*/.*.part"):  # of a run that was killed
        shutil.rmtree(part, ignore_errors=True)


def _write_person(person: int, options: ProtocolOptions) -> None:
    root = options.out / SILHOUETTES
    archive = root / f"{person:03d}.tar.gz"
    packed = unpack(archive).keys() if archive.exists() else ()
    for condition in options.conditions:
        wanted = [Sequence(person, condition, view) for view in options.views]
        unseen = [s for s in wanted if s.folder not in packed and not (root / s.folder).exists()]
        unfilmed = [s for s in wanted if options.rgb and not _video(options, s).exists()]
        if not unseen and not unfilmed:
            continue
        walk = Walk.of(options.seed, person, condition, _recorded(options, person, condition))
        meshes = walk.meshes()
        for sequence in unseen:
            masks = walk.silhouettes(meshes, sequence.view)
            if options.severity:
                severity = options.severity * draw_severity(options.seed, sequence)
                masks = damage(masks, severity, _rng(options, sequence, _DAMAGE))
            _write_silhouettes(root, sequence, masks)
        for sequence in unfilmed:
            rng = _rng(options, sequence)
            frames = walk.film(meshes, sequence.view, casia_place(options.seed, sequence.view), rng)
            write_avi(_video(options, sequence), frames, FPS)
    if options.rgb:
        _write_backgrounds(person, options)
    if options.archive and (root / f"{person:03d}").exists():
        _pack(root, person, archive)


def _recorded(options: ProtocolOptions, person: int, condition: str) -> RecordedWalk | None:
    if options.mocap is None:
        return None
    subjects = _subjects(options.mocap)
    walks = subjects[(person - 1) % len(subjects)]
    return walks[CONDITIONS.index(condition) % len(walks)]


_subjects = cache(read_subjects)


def _write_backgrounds(person: int, options: ProtocolOptions) -> None:
    for view in options.views:
        path = _videos(options, person) / background_name(person, view)
        if not path.exists():
            rng = np.random.default_rng([options.seed, person, 0, view + 1])
            place = casia_place(options.seed, view)
            write_avi(path, (develop(place, rng) for _ in range(_BACKGROUND_FRAMES)), FPS)


def _video(options: ProtocolOptions, sequence: Sequence) -> Path:
    return _videos(options, sequence.person) / f"{sequence.name}.avi"


def _videos(options: ProtocolOptions, person: int) -> Path:
    folder = options.out / video_folder(person)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _rng(options: ProtocolOptions, sequence: Sequence, *more: int) -> np.random.Generator:
    walk = CONDITIONS.index(sequence.condition) + 1
    view = sequence.view + 1  # a last number 0 would give the walk's own random numbers
    return np.random.default_rng([options.seed, sequence.person, walk, view, *more])


def _write_silhouettes(root: Path, sequence: Sequence, masks: np.ndarray) -> None:
    folder = root / sequence.folder
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for number, mask in enumerate(masks, start=1):
        if mask.any():
            path = str(part / sequence.frame_name(number))
            cv2.imwrite(path, 255 * mask.astype(np.uint8), _PNG)
    part.replace(folder)


def _pack(root: Path, person: int, archive: Path) -> None:
    """Moves a person's folder into the archive, beside its present content."""
    folder = root / f"{person:03d}"
    frames = unpack(archive) if archive.exists() else {}
    for path in folder.glob("*/[0-9]*/*.png"):
        below = path.parent.relative_to(root).as_posix()
        frames.setdefault(below, {})[path.name] = path.read_bytes()
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    with tarfile.open(part, "w:gz") as tar:
        for below in sorted(frames):
            for name, data in sorted(frames[below].items()):
                member = tarfile.TarInfo(f"{below}/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    part.replace(archive)
    shutil.rmtree(folder)
