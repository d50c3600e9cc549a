"""CASIA-B's protocol walked by synthetic people, on disk as CASIA-B is.

Every person keeps one body and one gait; from walk to walk pace, vigour and the details of the
gait vary a little. nm and bg are walked in the same clothes, bg with a bag, cl in a coat. Eleven
cameras on a half circle see the same walk. All of it depends on the seed and on the person's,
walk's and camera's numbers alone, so that any part can be made by itself.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from gait_demo.casia import (
    CONDITIONS,
    FPS,
    FRAME_SHAPE,
    PEOPLE,
    SILHOUETTES,
    VIEWS,
    Sequence,
    background_name,
    video_folder,
)
from gait_demo.errors import DataError
from gait_demo.synthesis.appearance import Look
from gait_demo.synthesis.body import template
from gait_demo.synthesis.clothes import BAGS, HAIR, SHOES, SKIN
from gait_demo.synthesis.exposure import develop, expose, out_of_focus
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.scene import backdrop
from gait_demo.synthesis.walker import GAIT_DIMS, LATENT_DIM, Walker
from gait_demo.synthesis.workers import run_jobs
from gait_demo.video import write_avi

_PATH_M = 4.4  # along which people walk past the cameras
_RADIUS_M = 6.0  # of the half circle that the cameras stand on
_CAMERA_HEIGHT_M = 1.4
_FOCAL_PX = 400.0
_LAMP = np.array([0.2, 0.1, 0.97])  # direction to the light, from the ceiling
_BACKGROUND_FRAMES = 25
_BETWEEN_WALKS = 0.15  # deviation of one person's gait from walk to walk; between people it is 1
_BETWEEN_STRIDES = 0.03  # relative, of vigour


@dataclass(frozen=True)
class ProtocolOptions:
    """What of the protocol is made.

    Attributes:
        out: gets GaitDatasetB-silh.
        archive: pack each person into one file, as CASIA-B is distributed: far smaller on disk.
            A person who is packed counts as done.
        rgb: write the videos as well, and those of the empty place.
    """

    out: Path
    people: tuple[int, ...] = tuple(PEOPLE)
    conditions: tuple[str, ...] = CONDITIONS
    views: tuple[int, ...] = tuple(VIEWS)
    seed: int = 0
    workers: int = 2
    archive: bool = False
    rgb: bool = False

    def __post_init__(self) -> None:
        known = {
            "people": (PEOPLE, "1 to 124"),
            "conditions": (CONDITIONS, ", ".join(CONDITIONS)),
            "views": (VIEWS, "0 to 180 degrees in steps of 18"),
        }
        for name, (there, choice) in known.items():
            unknown = [str(value) for value in getattr(self, name) if value not in there]
            if unknown:
                raise DataError(f"CASIA-B has no {name} {unknown[0]}: choose from {choice}.")


def synthesize_protocol(
    options: ProtocolOptions, on_progress: Callable[[str, int, int], None] | None = None
) -> None:
    """Write the sequences that are not there yet; a killed run goes on where it was.

    `on_progress("synthesize", done, total)` counts people.
    """
    (options.out / SILHOUETTES).mkdir(parents=True, exist_ok=True)
    template()  # anny caches its model on disk: do it once, before the workers start

    def report(done: int) -> None:
        if on_progress:
            on_progress("synthesize", done, len(options.people))

    jobs = ((person, options) for person in options.people)
    run_jobs(_write_person, jobs, options.workers, report)


def _write_person(person: int, options: ProtocolOptions) -> None:
    root = options.out / SILHOUETTES
    archive = root / f"{person:03d}.tar.gz"
    packed = archive.exists()
    for condition in options.conditions:
        wanted = [Sequence(person, condition, view) for view in options.views]
        unseen = [s for s in wanted if not packed and not (root / s.folder).exists()]
        unfilmed = [s for s in wanted if options.rgb and not _video(options, s).exists()]
        if not unseen and not unfilmed:
            continue
        walk = Walk.of(options.seed, person, condition)
        meshes = walk.meshes()
        for sequence in unseen:
            _write_silhouettes(root, sequence, walk.silhouettes(meshes, sequence.view))
        for sequence in unfilmed:
            rng = _camera_rng(options, sequence)
            frames = walk.film(meshes, sequence.view, _place(options, sequence.view), rng)
            write_avi(_video(options, sequence), frames, FPS)
    if options.rgb:
        _write_backgrounds(person, options)
    if options.archive and not packed:
        _pack(root, person, archive)


def _write_backgrounds(person: int, options: ProtocolOptions) -> None:
    for view in options.views:
        path = _videos(options, person) / background_name(person, view)
        if not path.exists():
            rng = np.random.default_rng([options.seed, person, 0, view])
            place = _place(options, view)
            write_avi(path, (develop(place, rng) for _ in range(_BACKGROUND_FRAMES)), FPS)


def _video(options: ProtocolOptions, sequence: Sequence) -> Path:
    return _videos(options, sequence.person) / f"{sequence.name}.avi"


def _videos(options: ProtocolOptions, person: int) -> Path:
    folder = options.out / video_folder(person)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _place(options: ProtocolOptions, view: int) -> np.ndarray:
    """What the camera at this view sees of the empty place, (240, 320, 3) float32 in [0, 1]."""
    height, width = FRAME_SHAPE
    return out_of_focus(backdrop("room", width, height, 0.42, 1000 * options.seed + view))


def _camera_rng(options: ProtocolOptions, sequence: Sequence) -> np.random.Generator:
    walk = CONDITIONS.index(sequence.condition) + 1
    return np.random.default_rng([options.seed, sequence.person, walk, sequence.view])


def _write_silhouettes(root: Path, sequence: Sequence, masks: np.ndarray) -> None:
    folder = root / sequence.folder
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for number, mask in enumerate(masks, start=1):
        if mask.any():
            path = str(part / sequence.frame_name(number))
            cv2.imwrite(path, 255 * mask.astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    part.replace(folder)


def _pack(root: Path, person: int, archive: Path) -> None:
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    with tarfile.open(part, "w:gz") as tar:
        tar.add(root / f"{person:03d}", f"{person:03d}", filter=_nameless)
    part.replace(archive)
    shutil.rmtree(root / f"{person:03d}")


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time, so that the same frames make the same archive."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


@dataclass(frozen=True)
class Walk:
    """One walk of one person past the cameras.

    Attributes:
        walker: dressed for it.
        look: the colours of the clothes and the light.
        phase: (T,) gait cycles at each video frame.
        vigour: (T,) relative size of the movements.
        start: phase 0 is so many metres behind the middle of the path.
    """

    walker: Walker
    look: Look
    phase: np.ndarray
    vigour: np.ndarray
    start: float

    @classmethod
    def of(cls, seed: int, person: int, condition: str) -> Walk:
        """The walk with which this person of this population fulfils a condition."""
        who = np.random.default_rng([seed, person])
        latent = who.standard_normal(LATENT_DIM)
        female = latent[0] > 0
        outfits = ("trousers", "skirt", "sportswear")
        outfit = str(who.choice(outfits, p=(0.7, 0.2, 0.1) if female else (0.85, 0.0, 0.15)))
        bag = str(who.choice(BAGS))
        indoors, coat = Look.draw(who), Look.draw(who)
        for own in (SKIN, HAIR, SHOES):
            coat.colours[own] = indoors.colours[own]
        rng = np.random.default_rng([seed, person, CONDITIONS.index(condition) + 1])
        latent = latent.copy()
        latent[-GAIT_DIMS:] += _BETWEEN_WALKS * rng.standard_normal(GAIT_DIMS)
        kind = condition[:2]
        walker = Walker(
            latent, "coat" if kind == "cl" else outfit, bag=bag if kind == "bg" else None
        )
        cadence = walker.cadence * (1 + 0.02 * rng.standard_normal())
        frames = round(FPS * _PATH_M / (walker.stride * cadence))
        phase = rng.uniform() + np.arange(frames) / FPS * cadence
        strides = np.arange(np.floor(phase[0]) - 1, np.ceil(phase[-1]) + 2)
        each = 1 + _BETWEEN_STRIDES * rng.standard_normal(len(strides))
        vigour = np.interp(phase, strides, each)
        look = replace(coat if kind == "cl" else indoors, light=_LAMP, ambient=0.7)
        return cls(walker, look, phase, vigour, start=_PATH_M / 2 + walker.stride * phase[0])

    def meshes(self) -> np.ndarray:
        """(T, V, 3) float32, metres; the middle of the path is the origin."""
        meshes = self.walker.pose(self.phase, advance=True, vigour=self.vigour)
        meshes[..., 1] += np.float32(self.start)
        return meshes

    def silhouettes(self, meshes: np.ndarray, view: int) -> np.ndarray:
        """(T, 240, 320) bool, as one of the cameras sees the meshes."""
        camera = casia_camera(view)
        faces = self.walker.faces
        return np.stack([
            rasterise(points, faces, *FRAME_SHAPE)[0] >= 0 for points in map(camera.project, meshes)
        ])  # fmt: skip

    def film(
        self, meshes: np.ndarray, view: int, place: np.ndarray, rng: np.random.Generator
    ) -> Iterator[np.ndarray]:
        """(240, 320, 3) uint8 frames, as one of the cameras sees the meshes."""
        camera = casia_camera(view)
        for mesh in meshes:
            frame, _ = expose(self.walker, mesh, self.look, camera, place)
            yield develop(frame, rng)


def casia_camera(view: int) -> Camera:
    """The camera at a view angle in degrees."""
    height, width = FRAME_SHAPE
    target = 0.85
    elevation = np.degrees(np.arctan2(_CAMERA_HEIGHT_M - target, _RADIUS_M))
    distance = np.hypot(_RADIUS_M, _CAMERA_HEIGHT_M - target)
    return Camera(view, elevation, distance, _FOCAL_PX, width, height, target)
