"""`Pipeline`: analysis, new gaits, rendering and report, in order."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from gait_demo.options import OUTPUTS, Options, fresh_secret
from gait_demo.people.person import Person
from gait_demo.pipeline.analysis import Analyser, Analysis
from gait_demo.pipeline.clock import Clock
from gait_demo.pipeline.coverage import (
    coverage,
    likeness,
    moments,
    not_removed,
    unknown_faces,
    unsure,
    warnings,
)
from gait_demo.pipeline.gaits import Gait, chosen_people, hidden_faces, new_gaits
from gait_demo.pipeline.models import Models
from gait_demo.pipeline.outputs import appear_together, check, result_videos
from gait_demo.pipeline.render import FrameRenderer, RenderedFrame
from gait_demo.types import GaitResult, Progress, Report, TrackReport, silent
from gait_demo.video.linking import link_or_copy
from gait_demo.workspace import working_folder


def _ignore(gaits: list[Gait]) -> None:
    pass


def _with_secret(options: Options) -> Options:
    if options.anonymize.secret is not None:
        return options
    return replace(options, anonymize=replace(options.anonymize, secret=fresh_secret()))


class Pipeline:
    """Runs the stages in order. Between calls it keeps only the models and the options.

    If the options hold no secret, the pipeline draws a fresh one: it then gives the same gaits for
    the same clip and seed, and no other pipeline does.
    """

    def __init__(self, models: Models, options: Options | None = None):
        self.models = models
        self.options = _with_secret(options or Options())

    @classmethod
    def load(cls, options: Options | None = None) -> Pipeline:
        """A pipeline with the project's own weights.

        Raises:
            WeightsError: weights are missing or unusable.
        """
        options = options or Options()
        return cls(Models.load({}, options.anonymize.anonymizer, options.threads), options)

    def run(self, source: Path, out_dir: Path, on_progress: Progress = silent) -> GaitResult:
        """Anonymize a video, with the seed of the options.

        Args:
            source: the video; never changed.
            out_dir: the folder for original.mp4, binary.mp4, colorized.mp4 and comparison.mp4 (or
                those that the options ask for) and report.json; either all of them are written or
                none. Created if missing.
            on_progress: called with the stage's name, the steps done, and the total number of steps
                (0: unknown). An exception that it raises ends the run; no output is left behind.

        Raises:
            GaitDemoError: the video cannot be used or shows no person who can be anonymized, or
                the results cannot be written.
        """
        check(Path(out_dir), Path(source))
        with working_folder(Path(tempfile.gettempdir()), uuid.uuid4().hex) as folder:
            analysis = self.analyse(source, folder, on_progress)
            return self.render(analysis, out_dir, self.options.anonymize.seed, on_progress)

    def analyse(self, source: Path, folder: Path, on_progress: Progress = silent) -> Analysis:
        """The part of a run that does not depend on the seed: background, people, silhouettes.

        Args:
            source, on_progress: as for `run`.
            folder: where original.mp4 is written if the options ask for it; created if missing.
                The analysis refers to that file: the caller deletes both together.

        Raises:
            GaitDemoError: the video cannot be used or shows no person who can be anonymized, or
                the networks that find people and faces, which are loaded on first use, are
                unusable.
        """
        models = self.models
        analyser = Analyser(
            Path(source), models.segmenter, self.options, on_progress, models.face_detector
        )
        weights, fallbacks = models.finding_weights(), models.fallbacks
        return replace(analyser.run(Path(folder)), weights=weights, fallbacks=tuple(fallbacks))

    def gaits(
        self,
        analysis: Analysis,
        seed: int,
        on_progress: Progress = silent,
        clock: Clock | None = None,
    ) -> list[Gait]:
        """The new gaits of all people who are drawn, the most prominent first.

        Args:
            analysis: made by this pipeline.
            seed: selects the noise.
            on_progress: as for `run`.
            clock: measures the time, if given.

        Raises:
            NoPersonError: the person of the options is not in the video.
        """
        made: list[Gait] = []
        people = len(chosen_people(analysis, self.options))
        on_progress("anonymize", 0, people)
        with (clock or Clock()).time("anonymize"):
            for gait in new_gaits(analysis, self.models, self.options, seed):
                made.append(gait)
                on_progress("anonymize", len(made), people)
        return made

    def render_frames(
        self, analysis: Analysis, seed: int, on_progress: Progress = silent
    ) -> Iterator[RenderedFrame]:
        """The frames of a result before encoding; the same arguments give the same bits.

        Args:
            analysis: made by this pipeline.
            seed: selects the noise.
            on_progress: as for `run`.

        Raises:
            NoPersonError: the person of the options is not in the video.
        """
        gaits, clock = self.gaits(analysis, seed, on_progress), Clock()
        return FrameRenderer(analysis, gaits, self.models, self.options, clock).frames(on_progress)

    def render(
        self,
        analysis: Analysis,
        out_dir: Path,
        seed: int,
        on_progress: Progress = silent,
        on_gaits: Callable[[list[Gait]], object] = _ignore,
    ) -> GaitResult:
        """The part of a run that depends on the noise: A-NET, drawing, compositing, encoding.

        Args:
            analysis: made by this pipeline.
            seed: selects the noise.
            out_dir, on_progress: as for `run`.
            on_gaits: called with the new gaits before they are drawn.

        Raises:
            GaitDemoError: the person of the options is not in the video, or the results cannot
                be written.
        """
        clock, counts = Clock(), Counter()
        unchanged: dict[int, list[int]] = {}
        out_dir = Path(out_dir)
        keeps_audio = self.options.video.keep_audio
        sound = (analysis.source, analysis.part[0]) if keeps_audio else None
        with appear_together(out_dir, analysis.source) as part:
            if analysis.original is not None:
                link_or_copy(analysis.original, part / analysis.original.name)
            videos = result_videos(part, analysis.info, sound, self.options)
            gaits = self.gaits(analysis, seed, on_progress, clock)
            on_gaits(gaits)
            renderer = FrameRenderer(analysis, gaits, self.models, self.options, clock)
            with clock.time("encode"), videos as write:
                for new in renderer.frames(on_progress):
                    write(new.frame.time, new.frame.rgb, new.binary, new.colorized)
                    counts.update(out=1, covered=new.covered, kept=new.kept, lost=new.lost)
                    for track_id in new.unchanged:
                        unchanged.setdefault(track_id, []).append(new.frame.index)
            report = self._report(analysis, seed, gaits, counts, unchanged, clock)
            (part / "report.json").write_text(json.dumps(report, indent=2) + "\n")
        wanted = self.options.video.only
        files = {name: out_dir / f"{name}.mp4" if name in wanted else None for name in OUTPUTS}
        return GaitResult(**files, report=report)

    def _report(
        self,
        analysis: Analysis,
        seed: int,
        gaits: list[Gait],
        counts: Counter,
        unchanged: dict[int, list[int]],
        clock: Clock,
    ) -> Report:
        info, people = analysis.info, len(analysis.people)
        size, hidden = (info.width, info.height), bool(hidden_faces(analysis, self.options))
        anonymizer = self.options.anonymize.anonymizer
        chosen = chosen_people(analysis, self.options)
        others = people - len(chosen)
        everyone = self.options.anonymize.person is None
        reported = analysis.people if everyone else chosen
        drawn = {person.track.track_id for person in chosen}
        frames = {gait.person.track.track_id: len(gait) for gait in gaits}
        seconds = Counter(analysis.timings) + Counter(clock.seconds)
        duration_s = round(float(analysis.times[-1] + 1 / info.fps), 6)

        def track(person: Person) -> TrackReport:
            number = person.track.track_id
            seen = coverage(person, number in drawn, frames.get(number))
            grid_px = max(1, info.height // 8)
            stretches = moments(seen, person.track, analysis.times, duration_s, grid_px)
            return seen | {"moments": stretches}

        return {
            "frames_in": len(analysis.times),
            "frames_out": counts["out"],
            "fps": round(float(info.fps), 6),
            "duration_s": duration_s,
            "width": info.width,
            "height": info.height,
            "camera": analysis.camera,
            "people": people,
            "people_removed": others if everyone else 0,
            "people_in_clear": 0 if everyone else others,
            "frames_covered": counts["covered"],
            "frames_lost": counts["lost"],
            "frames_kept_pose": counts["kept"],
            "tracks": [track(person) for person in reported],
            "warnings": [
                *analysis.fallbacks,
                *info.warnings,
                *([] if everyone else [likeness(other, chosen[0]) for other in chosen[1:]]),
                *warnings(reported, analysis.times, self.options.people.min_height_px, drawn),
                *not_removed(unchanged, analysis.times),
                *unsure(analysis.suspects, analysis.times, size),
                *unknown_faces(analysis.unknown_faces, analysis.times, size, hidden=hidden),
            ],
            "seed": seed,
            "strength": round(self.options.anonymize.strength, 4),
            "colour": self.options.colorize.colour,
            "anonymizer": anonymizer,
            "weights": [
                {
                    "name": file.name,
                    "file": file.path.name,
                    "source": file.source,
                    "sha256": file.sha256,
                }
                for file in (*self.models.drawing_weights(anonymizer), *analysis.weights)
            ],
            "timings": {stage: round(spent, 3) for stage, spent in seconds.items()},
        }
