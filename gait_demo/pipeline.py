"""The order of the stages: a video goes in, the same walk with another gait comes out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from gait_demo import composite
from gait_demo.anonymize import anonymize, noise_vector
from gait_demo.background import Plate, build_plate
from gait_demo.clock import Clock
from gait_demo.colorize import colorize
from gait_demo.config import PipelineOptions
from gait_demo.errors import NoPersonError
from gait_demo.foreground import ForegroundClip
from gait_demo.models import build
from gait_demo.models.anet import ANet
from gait_demo.models.cnet import CNet
from gait_demo.outputs import appear_together, in_background, link_or_copy, result_videos
from gait_demo.silhouettes import crop_square, extract, own_foreground
from gait_demo.structures import Frame, GaitResult, SilhouetteClip, Track, VideoInfo
from gait_demo.tracks import detect_people, find_people
from gait_demo.video import VideoWriter, probe, read_frames
from gait_demo.weights import Weights, find

_WINDOW = 16  # full frames held at once, while C-NET colours them in one batch
_EMPTY = 0.03  # of its square: a silhouette that is smaller shows no walker

Progress = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Models:
    """The networks of a run, and the files they came from.

    Attributes:
        anet, cnet: ready for inference.
        yolo: weights of the person detector; None: people are found by their motion.
        weights: every file of weights that is used.
    """

    anet: ANet
    cnet: CNet
    yolo: Path | None
    weights: tuple[Weights, ...]

    @classmethod
    def load(
        cls, anet: Path | None = None, cnet: Path | None = None, yolo: Path | None = None
    ) -> Models:
        """Build the networks from explicit files, or from where `weights.find` finds them.

        Raises:
            WeightsError: A-NET's or C-NET's weights are missing, or a file is unusable.
        """
        found = [find("anet", anet), find("cnet", cnet), find("yolo", yolo, required=False)]
        return cls(
            anet=build.load(found[0].path, "anet"),
            cnet=build.load(found[1].path, "cnet"),
            yolo=found[2] and found[2].path,
            weights=tuple(weights for weights in found if weights),
        )


@dataclass(frozen=True)
class Person:
    """One person of a clip.

    Attributes:
        track: where the person is.
        silhouettes: one for each frame of the track; where the person was lost, that of the
            nearest frame in which they were not.
        held: (T,) bool, where the person was lost.
    """

    track: Track
    silhouettes: SilhouetteClip
    held: np.ndarray

    @classmethod
    def of(cls, track: Track, seen: SilhouetteClip) -> Person:
        held = ~track.found | (seen.masks.mean(axis=(1, 2)) < _EMPTY)
        good = np.flatnonzero(~held)
        if len(good):
            frames = np.arange(len(track))
            nearest = good[np.abs(frames[:, None] - good).argmin(axis=1)]
            seen = replace(seen, masks=seen.masks[nearest])
        return cls(track, seen, held)

    @property
    def walks(self) -> bool:
        """Whether there is any silhouette to work on."""
        return not self.held.all()

    def position(self, index: int) -> int | None:
        """Where in the track the clip's frame `index` is; None if the track is not there."""
        position = index - self.track.first_frame
        return position if 0 <= position < len(self.track) else None


@dataclass(frozen=True)
class Analysis:
    """All of a run that does not depend on the noise.

    Attributes:
        source: the user's video.
        original: the video as it is shown beside the results, without metadata.
        info: of the source.
        times: (T,) seconds since the first frame, exact.
        plate: the background.
        foreground: of every frame.
        people: everyone who was followed.
        timings: seconds by stage.
    """

    source: Path
    original: Path
    info: VideoInfo
    times: tuple[Fraction, ...]
    plate: Plate
    foreground: ForegroundClip
    people: tuple[Person, ...]
    timings: dict[str, float]


@dataclass(frozen=True)
class Composed:
    """One frame of a result.

    Attributes:
        frame: of the source.
        binary, colorized: (H, W, 3) uint8 RGB.
        covered, held, erased: whether in this frame somebody got another gait; somebody had been
            lost; something that belongs to nobody was replaced by background.
    """

    frame: Frame
    binary: np.ndarray
    colorized: np.ndarray
    covered: bool
    held: bool
    erased: bool


class Pipeline:
    """Runs the stages in order. Between calls it keeps nothing but the models and the options."""

    def __init__(self, models: Models, options: PipelineOptions | None = None):
        self.models = models
        self.options = options or PipelineOptions()

    def run(self, source: Path, out_dir: Path, on_progress: Progress = _silent) -> GaitResult:
        """Anonymize a video, with the seed of the options.

        Args:
            source: a video; never changed.
            out_dir: gets original.mp4, binary.mp4, colorized.mp4, comparison.mp4 and report.json,
                all or none; made if need be.
            on_progress: called with the stage's name, steps done, and steps in all (0: unknown).
                What it raises ends the run and leaves nothing behind.

        Raises:
            GaitDemoError: the video cannot be used, shows nobody, or the results cannot be kept.
        """
        with tempfile.TemporaryDirectory() as folder:
            analysis = self.analyse(source, Path(folder), on_progress)
            return self.render(analysis, out_dir, self.options.anonymize.seed, on_progress)

    def analyse(self, source: Path, folder: Path, on_progress: Progress = _silent) -> Analysis:
        """What all seeds share: background, people, silhouettes, and original.mp4.

        Args:
            source, on_progress: as for `run`.
            folder: gets original.mp4; made if need be. The caller deletes it with the analysis.

        Raises:
            GaitDemoError: the video cannot be used, or shows nobody who can be anonymized.
        """
        source, folder, clock = Path(source), Path(folder), Clock()
        info = probe(source)
        folder.mkdir(parents=True, exist_ok=True)
        original = folder / "original.mp4"
        with clock.time("background"):
            plate, times = self._learn_background(source, original, info, clock, on_progress)
        with clock.time("tracks"):
            foreground, tracks = self._find_people(source, info, plate, clock, on_progress)
        with clock.time("silhouettes"):
            people = []
            for done, track in enumerate(tracks):
                on_progress("silhouettes", done, len(tracks))
                people.append(Person.of(track, extract(foreground, track, tracks)))
        if not any(person.walks for person in people):
            raise NoPersonError(
                "A person was found, but no movement: only people who walk can be anonymized. "
                "Use a clip in which the person walks in front of a camera that stands still."
            )
        return Analysis(
            source, original, info, times, plate, foreground, tuple(people), clock.seconds
        )

    def render(
        self, analysis: Analysis, out_dir: Path, seed: int, on_progress: Progress = _silent
    ) -> GaitResult:
        """What depends on the noise: A-NET, C-NET, compositing, encoding.

        Args, raises: as for `run`.
        """
        clock, out_dir = Clock(), Path(out_dir)
        sound = analysis.source if self.options.video.keep_audio else None
        covered = held = erased = frames = 0
        with appear_together(out_dir, analysis.source) as part:
            link_or_copy(analysis.original, part / analysis.original.name)
            with clock.time("encode"), result_videos(part, analysis.info, sound) as write:
                for new in self.compose(analysis, seed, on_progress, clock):
                    write(new.frame.rgb, new.binary, new.colorized, new.frame.time)
                    frames += 1
                    covered += new.covered
                    held += new.held
                    erased += new.erased
            report = {
                "frames_in": len(analysis.times),
                "frames_out": frames,
                "fps": round(float(analysis.info.fps), 6),
                "duration_s": round(float(analysis.times[-1] + 1 / analysis.info.fps), 6),
                "width": analysis.info.width,
                "height": analysis.info.height,
                "people": len(analysis.people),
                "people_in_clear": len(analysis.people) - len(self._chosen(analysis)),
                "frames_covered": covered,
                "frames_held": held,
                "frames_erased": erased,
                "seed": seed,
                "weights": [{"name": w.name, "sha256": w.sha256} for w in self.models.weights],
                "timings": _rounded_sum(analysis.timings, clock.seconds),
            }
            (part / "report.json").write_text(json.dumps(report, indent=2) + "\n")
        original, binary, colorized, comparison, _ = (out_dir / name for name in NAMES)
        return GaitResult(original, binary, colorized, comparison, report)

    def compose(
        self,
        analysis: Analysis,
        seed: int,
        on_progress: Progress = _silent,
        clock: Clock | None = None,
    ) -> Iterator[Composed]:
        """The frames of a result, before encoding: the same for the same arguments, bit for bit.

        Args:
            analysis: by this pipeline.
            seed: of the noise vector.
            on_progress: as for `run`.
            clock: takes the time of the stages.

        Raises:
            NoPersonError: the person of the options is not in the video.
        """
        clock = clock or Clock()
        chosen = self._chosen(analysis)
        gaits = []
        for done, person in enumerate(chosen):
            on_progress("anonymize", done, len(chosen))
            with clock.time("anonymize"):
                gaits.append(self._new_gait(person, seed, float(analysis.info.fps)))
        painter = Painter(analysis, chosen, gaits, self.options)
        frames = self._frames(analysis.source, clock)
        while window := list(islice(frames, _WINDOW)):
            with clock.time("colorize"):
                coloured = painter.
