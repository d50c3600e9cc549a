"""What a worker process can be asked to do; `engine` names these functions.

Each takes the models and a progress callback first. What goes in and out is small: the analysis,
which all seeds of a clip share, stays on disk beside the clip's other files.
"""

from __future__ import annotations

import pickle
import tempfile
from functools import cache
from itertools import islice
from pathlib import Path

import cv2

from gait_demo import pipeline
from gait_demo.evaluation.readout import Crowd
from gait_demo.options import PipelineOptions
from gait_demo.pipeline import Analysis, Models, Pipeline, Progress
from gait_demo.serving.preview import clearest_frame, number_people
from gait_demo.types import GaitResult, Look, Rank
from gait_demo.weights import find

PEOPLE = "people.jpg"
_ANALYSIS = "analysis.pickle"


def load() -> Models:
    """What every job gets; the person networks may still be on their way."""
    models = Models.load()
    _ = models.detector  # built now
    return models


def look(models: Models, report: Progress, source: Path, options: PipelineOptions) -> Look:
    """As `pipeline.look`."""
    return pipeline.look(source, models.segmenter, options.people)


def analyse(
    models: Models, report: Progress, source: Path, folder: Path, options: PipelineOptions
) -> tuple[int, ...]:
    """As `Pipeline.analyse`, kept in `folder` with a picture of the numbered people.

    Returns:
        The numbers of everybody, in order.
    """
    analysis = Pipeline(models, options).analyse(source, folder, report)
    walkers = [person.track for person in analysis.people]
    index = clearest_frame(walkers, (analysis.info.height, analysis.info.width))
    frame = next(islice(analysis.frames(), index, None))
    picture = number_people(frame.rgb, walkers, index)
    cv2.imwrite(str(folder / PEOPLE), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    (folder / _ANALYSIS).write_bytes(pickle.dumps(analysis))
    return tuple(sorted(track.track_id for track in walkers))


def render(
    models: Models, report: Progress, analysed: Path, folder: Path, options: PipelineOptions
) -> GaitResult:
    """As `Pipeline.render`, of the analysis kept in the folder `analysed`."""
    return Pipeline(models, options).render(_kept(analysed), folder, options.anonymize.seed, report)


def find_again(
    models: Models, report: Progress, analysed: Path, options: PipelineOptions
) -> tuple[list[Rank] | None, int]:
    """Where recognisers put the most prominent of those who got another gait, before and after, by
    the frames in which they did.

    Returns:
        As `Crowd.ranks`, None also where nobody got another gait; and how many people the crowd
        has.
    """
    analysis, crowd = _kept(analysed), _crowd()
    for person, gait in Pipeline(models, options).gaits(analysis, options.anonymize.seed):
        if person.walks:
            changed = person.seen & ~person.keeps_pose
            walk = person.silhouettes.masks[changed], gait.masks[changed]
            return crowd.ranks(*walk), crowd.people
    return None, crowd.people


def warm_up(models: Models, report: Progress, clip: Path, options: PipelineOptions) -> dict:
    """A run that nobody waits for; its report says how fast this machine is."""
    with tempfile.TemporaryDirectory() as folder:
        return Pipeline(models, options).run(clip, Path(folder), report).report


def _kept(analysed: Path) -> Analysis:
    return pickle.loads((analysed / _ANALYSIS).read_bytes())


@cache
def _crowd() -> Crowd:
    return Crowd.load(find("recogniser").path)
