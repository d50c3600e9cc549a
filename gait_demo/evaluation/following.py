"""The people that the analysis follows in a video, with another detector than the shipped one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gait_demo.options import Options
from gait_demo.people.landmark_segmenter import LandmarkSegmenter
from gait_demo.people.person import Person
from gait_demo.people.yolo import Detector
from gait_demo.pipeline.analysis import Analyser
from gait_demo.silhouettes.crops import boxes_around
from gait_demo.types import SilhouetteClip, Track, silent
from gait_demo.weights import find


def tracks_of(video: Path, detector: Detector) -> list[Track]:
    """The tracks, with the boxes of the silhouettes, found where a person is seen.

    Raises:
        GaitDemoError: the analysis refuses the video.
    """
    return [
        replace(person.track, xyxy=boxes_around(person.silhouettes), found=person.seen)
        for person in _people(video, detector)
    ]


def silhouettes_of(video: Path, detector: Detector) -> list[SilhouetteClip]:
    """The silhouettes, without frames in which a person is not seen.

    Raises:
        GaitDemoError: the analysis refuses the video.
    """
    clips = [(person.silhouettes, person.seen) for person in _people(video, detector)]
    return [
        replace(
            clip,
            masks=clip.masks[seen],
            squares=clip.squares[seen],
            joints=None if clip.joints is None else clip.joints[seen],
        )
        for clip, seen in clips
    ]


def _people(video: Path, detector: Detector) -> tuple[Person, ...]:
    files = (find(name).path for name in ("pose_landmark", "pose_detection"))
    segmenter = LandmarkSegmenter(*files, detector)
    with TemporaryDirectory() as folder:
        return Analyser(video, segmenter, Options(), silent).run(Path(folder)).people
