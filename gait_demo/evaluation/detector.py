"""`evaluate detector`: a person detector on single pictures and on real clips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from gait_demo.errors import DataError
from gait_demo.evaluation.clips import measure_clip, measure_clips
from gait_demo.evaluation.detection import (
    crowds,
    empty_places,
    held_out_photos,
    machine,
    measure_pictures,
)
from gait_demo.evaluation.following import tracks_of
from gait_demo.evaluation.references import References
from gait_demo.people.yolo import Detector
from gait_demo.types import Progress
from gait_demo.weights import CHECKPOINTS

_PICTURES = {"photos": held_out_photos, "crowds": crowds, "empty": empty_places}


@dataclass(frozen=True)
class DetectorOptions:
    """What to measure; parts without data are left out.

    Attributes:
        weights: a YOLO with masks.
        photos, crowds, empty: folders for `held_out_photos`, `crowds` and `empty_places`.
        clips: folder of videos.
        references: folder of the networks to compare with on the clips; goes with `clips`.
        frames: maximum number of frames of a clip.
        sizes: longest sides, in pixels, at which the detector reads pictures.
        score: minimum score of a detection that counts.
        threads: of torch.
    """

    weights: Path = CHECKPOINTS / "yolo.safetensors"
    photos: Path | None = None
    crowds: Path | None = None
    empty: Path | None = None
    clips: Path | None = None
    references: Path | None = None
    frames: int = 60
    sizes: tuple[int, ...] = (320, 640)
    score: float = 0.25
    threads: int = 2

    def __post_init__(self) -> None:
        if bool(self.clips) != bool(self.references):
            raise DataError("--clips and --references belong together: give both.")


def evaluate_detector(options: DetectorOptions, on_progress: Progress) -> tuple[dict, list[str]]:
    """
    Returns:
        The report that `detection.table` shows, and the problems of `measure_clips`.

    Raises:
        DataError: a folder lacks its data.
    """
    torch.set_num_threads(options.threads)
    detector = Detector.load(options.weights)
    folders = {kind: getattr(options, kind) for kind in (*_PICTURES, "clips")}
    pictures, clips, problems = {}, {}, []
    for kind, read in _PICTURES.items():
        if folders[kind]:
            on_progress(kind, 0, 0)
            pictures[kind] = measure_pictures(
                read(folders[kind]),
                detector,
                options.sizes,
                options.score,
                everybody=kind != "photos",
            )
    if options.clips:
        measure = partial(
            measure_clip,
            detector=detector,
            references=References.load(options.references),
            tracks_of=partial(tracks_of, detector=detector),
            sizes=options.sizes,
            score=options.score,
            most_frames=options.frames,
        )
        clips, problems = measure_clips(options.clips, measure, on_progress)
    report = {
        "weights": options.weights.name,
        "score": options.score,
        "sizes": options.sizes,
        "machine": machine(),
        "pictures": pictures,
        "clips": clips,
        "absent": [f"--{name}" for name, folder in folders.items() if not folder],
    }
    return report, problems
