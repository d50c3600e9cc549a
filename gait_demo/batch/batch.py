"""`Batch`: which clips to process, with which workers, and the result of each."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from gait_demo.batch.inputs import Clip, find_clips
from gait_demo.batch.local import Local
from gait_demo.batch.manifest import (
    Line,
    Manifest,
    alone,
    content_of,
    settings_of,
    stamp_of,
    stamped,
)
from gait_demo.batch.place import Place
from gait_demo.batch.plan import Plan, WorkerPool, WorkerResult
from gait_demo.errors import (
    BatchError,
    GaitDemoError,
    NoSpaceError,
    WeightsError,
    WorkerDiedError,
)
from gait_demo.options import Options, fresh_secret
from gait_demo.types import Report
from gait_demo.weights import of_a_run

REPORT = "report.json"
_TRIES = 2  # attempts at a clip whose worker died
_THREADS = 1  # per worker, as there is a worker for each core
_log = logging.getLogger(__name__)

_Result = WorkerResult | GaitDemoError
Watch = Callable[[str, str, int, int], None]


@dataclass(frozen=True)
class ClipResult:
    """The result of one clip.

    Attributes:
        name: of its folder in the output.
        input: path of the video.
        outputs: paths or URLs of the new videos by kind, see `options.OUTPUTS`; empty after an
            error.
        frames: number of frames of the result.
        seconds: processing time.
        warnings: those of the report.
        error: a sentence that says why there is no result; None on success.
        resumed: whether an earlier run finished the clip, so that it was skipped.
    """

    name: str
    input: Path
    outputs: dict[str, str]
    frames: int
    seconds: float
    warnings: tuple[str, ...]
    error: str | None = None
    resumed: bool = False
    _place: Place | None = field(default=None, repr=False)

    def report(self) -> Report:
        """Reads report.json.

        Raises:
            BatchError: there is no report.
        """
        content = self._place.read(f"{self.name}/{REPORT}") if self.error is None else None
        if content is None:
            raise BatchError(f"There is no report of {self.input}: {self.error or 'it is gone.'}")
        return json.loads(content)


class Batch:
    """A run over many clips. It continues an earlier run into the same output.

    A clip is processed again if its content, the options, the weights or the given secret have
    changed, if it failed, or if a file of its results is missing.

    Attributes:
        clips: all clips, in order.
    """

    def __init__(
        self,
        inputs: Sequence[str | Path],
        out: str | Path,
        options: Options | None = None,
        *,
        workers: int | None = None,
        ray: str | None = None,
        weights: Mapping[str, Path] | None = None,
    ):
        """
        Args:
            inputs: see `inputs.find_clips`.
            out: a folder, or a URL that fsspec supports.
            options: for every clip. Without a secret, every run draws a fresh one, which is stored
                nowhere.
            workers: number of workers; None: as many as cores and memory allow.
            ray: address of a Ray cluster, or "auto"; None: local processes.
            weights: weights files to use instead of the default ones, by network.

        Raises:
            BatchError: the inputs or the output cannot be used.
        """
        self._place = Place(str(out) if "://" in str(out) else str(Path(out).absolute()))
        self._options = options or Options()
        self._workers, self._ray, self._chosen = workers, ray, dict(weights or {})
        self.clips = find_clips([str(source) for source in inputs], self._place.folder)

    def run(self, watch: Watch = lambda name, stage, done, total: None) -> Iterator[ClipResult]:
        """The result of every clip: first those of an earlier run, then the others as they are
        finished.

        Args:
            watch: progress callback, called from several threads with the name of a clip, the
                stage, the steps done, and the total number of steps.

        Raises:
            BatchError: the run cannot start or continue: another run is writing to the output, the
                disk is full, or the cluster cannot be reached. Finished clips are kept.
            WeightsError: weights are missing.
        """
        plan = self.plan()
        self._place.open()
        with alone(self._place):
            settings = settings_of(self._options, plan.weights)
            manifest = Manifest(self._place)
            waiting: list[tuple[Clip, dict[str, str]]] = []
            files = self._place.files()
            for clip in self.clips:
                stamp = _stamp(clip.path)
                line = manifest.get(clip.name)
                if line and self._is_finished(line, clip, settings, files):
                    manifest.keep(line | {"input": str(clip.path)} | stamp)
                    yield self._result(clip, line, resumed=True)
                else:
                    waiting.append((clip, stamp))
            if not waiting:
                manifest.write()
                return
            stamps = {clip.name: stamp for clip, stamp in waiting}
            with self.pool(plan, len(waiting)) as pool:
                manifest.forget(stamps)
                try:
                    for clip, result in spread(pool, (clip for clip, _ in waiting), watch):
                        line = self._line(clip, stamps[clip.name], settings, result)
                        manifest.add(line)
                        yield self._result(clip, line)
                finally:
                    manifest.write()

    def plan(self) -> Plan:
        """What the workers of a run need to know.

        Raises:
            WeightsError: weights are missing.
        """
        anonymize = self._options.anonymize
        weights = {file.name: file.sha256 for file in of_a_run(anonymize.anonymizer, self._chosen)}
        own = replace(anonymize, secret=anonymize.secret or fresh_secret())
        options = replace(self._options, anonymize=own, threads=_THREADS)
        return Plan(self._place, options, self._chosen, weights)

    def pool(self, plan: Plan, clips: int) -> WorkerPool:
        """The workers of a run, not yet started.

        Args:
            plan: what they need to know.
            clips: number of clips to process.
        """
        if self._ray is None:
            return Local(plan, clips, self._workers)
        from gait_demo.batch.cluster import Cluster

        return Cluster(plan, clips, self._workers, self._ray)

    def _is_finished(self, line: Line, clip: Clip, settings: str, files: set[str]) -> bool:
        """Whether a line of the manifest has the same content and settings, and all its files
        exist."""
        if line.get("settings") != settings or not line.get("outputs"):
            return False
        if not files.issuperset((*line["outputs"].values(), line["report"])):
            return False
        try:
            if stamp_of(clip.path, line.get("salt", "")) == line.get("stamp"):
                return True
            return content_of(clip.path) == line["content"]  # the file was only moved or copied
        except OSError:
            return False

    def _line(self, clip: Clip, stamp: dict[str, str], settings: str, result: _Result) -> Line:
        line = {"name": clip.name, "input": str(clip.path)}
        if isinstance(result, WorkerResult):
            line |= {
                "outputs": {kind: f"{clip.name}/{kind}.mp4" for kind in self._options.video.only},
                "report": f"{clip.name}/{REPORT}",
                "seed": self._options.anonymize.seed,
                "frames": result.frames,
                "seconds": round(result.seconds, 3),
                "warnings": result.warnings,
                "content": result.content,
                **stamp,
                "settings": settings,
            }
        else:
            line["error"] = str(result)
        return line

    def _result(self, clip: Clip, line: Line, resumed: bool = False) -> ClipResult:
        outputs = line.get("outputs", {})
        return ClipResult(
            clip.name,
            clip.path,
            {kind: self._place.address(name) for kind, name in outputs.items()},
            line.get("frames", 0),
            line.get("seconds", 0.0),
            tuple(line.get("warnings", ())),
            line.get("error"),
            resumed,
            self._place,
        )


def spread(pool: WorkerPool, clips: Iterable[Clip], watch: Watch) -> Iterator[tuple[Clip, _Result]]:
    """Distributes clips to workers; gives each clip and its result as soon as it is finished. One
    clip is always waiting, so that no worker does."""
    running: dict[Future, Clip] = {}
    clips = iter(clips)
    with ThreadPoolExecutor(pool.workers) as threads:

        def begin(count: int) -> None:
            for clip in islice(clips, count):
                running[threads.submit(_attempt, pool, clip, watch)] = clip

        try:
            begin(pool.workers + 1)
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield running.pop(future), future.result()
                    begin(1)
        except BaseException:
            pool.stop()
            threads.shutdown(cancel_futures=True)
            raise


def _attempt(pool: WorkerPool, clip: Clip, watch: Watch) -> _Result:
    """Processes one clip; returns its result or error.

    Raises:
        BatchError, WeightsError: the cause also affects all other clips.
    """
    for _ in range(_TRIES):
        try:
            return pool.anonymize(clip.path.absolute(), clip.name, partial(watch, clip.name))
        except WorkerDiedError:
            _log.info("The process that worked on %s died.", clip.path.name)
        except NoSpaceError as error:
            raise BatchError(
                f"{error} The run has stopped. Finished clips are kept: start the run again to "
                "continue."
            ) from error
        except (BatchError, WeightsError):
            raise
        except GaitDemoError as error:
            return error
    return WorkerDiedError(
        f"The process that worked on {clip.path.name} died {_TRIES} times, most likely because "
        "memory ran out: use fewer workers, or a shorter or smaller video."
    )


def _stamp(path: Path) -> dict[str, str]:
    try:
        return stamped(path)
    except OSError:  # reported when the clip is processed
        return {}
