"""What a worker process can be asked to do; `engine` names these functions.

Each takes the models and a progress callback first. What goes in and out is small, and `messages`
knows what each returns: the analysis, which all seeds of a clip share, stays on disk beside the
clip's other files, and only workers read it.
"""

from __future__ import annotations

import json
import logging
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import cv2

from gait_demo import pipeline
from gait_demo.errors import WeightsError
from gait_demo.evaluation.readout import Crowd
from gait_demo.options import Options
from gait_demo.pipeline import Analysis, Models, Pipeline, Progress
from gait_demo.pipeline.gaits import Gait, chosen_people
from gait_demo.serving.change import change, strip
from gait_demo.serving.messages import CHANGE
from gait_demo.serving.preview import clearest_frame, number_people
from gait_demo.serving.worker import place
from gait_demo.types import Inspection, Rank, Report
from gait_demo.weights import find

PEOPLE = "people.jpg"
_ANALYSIS = "analysis.pickle"
_log = logging.getLogger(__name__)  # the server's: nothing of a visitor's goes in


def load() -> Models:
    """What every job gets; the person networks may still be on their way."""
    models = Models.load()
    _ = models.detector  # built now
    return models


def inspect_clip(models: Models, report: Progress, source: Path, options: Options) -> Inspection:
    """As `pipeline.inspect_clip`."""
    return pipeline.inspect_clip(source, models.segmenter, options.people)


def analyse(
    models: Models, report: Progress, source: Path, folder: Path, options: Options
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """As `Pipeline.analyse`, kept in `folder` with a picture of the numbered people.

    Returns:
        The numbers of everybody, in order; and when each frame of the part is shown, in seconds
        since the first.
    """
    analysis = Pipeline(models, options).analyse(source, folder, report)
    walkers = [person.track for person in analysis.people]
    index = clearest_frame(walkers, (analysis.info.height, analysis.info.width))
    frame = next(islice(analysis.frames(), index, None))
    picture = number_people(frame.rgb, walkers, index)
    cv2.imwrite(str(folder / PEOPLE), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    (folder / _ANALYSIS).write_bytes(pickle.dumps(analysis))
    numbers = tuple(sorted(track.track_id for track in walkers))
    return numbers, tuple(round(float(time), 6) for time in analysis.times)


def render(
    models: Models, report: Progress, analysed: Path, folder: Path, options: Options
) -> Report:
    """As `Pipeline.render`, of the analysis kept in the folder `analysed`; the files are named as
    there. CHANGE, beside them, gets what `change.change` tells, if it can be told."""
    analysis, gaits = _kept(analysed), []
    seed = options.anonymize.seed
    pipeline = Pipeline(models, options)
    result = pipeline.render(analysis, folder, seed, report, on_gaits=gaits.extend)
    try:
        told = change(analysis, gaits, *_ranks(gaits))
        (folder / CHANGE).write_text(json.dumps(told, separators=(",", ":")))
    except Exception as error:  # what only explains a result must not take it away
        _log.error("what changed could not be told: %s", place(error))
    return result.report


def preview_gaits(
    models: Models,
    report: Progress,
    analysed: Path,
    options: Options,
    seeds: tuple[int, ...],
) -> list[str]:
    """How the most prominent walker would walk with each of the seeds: `change.strip` of each;
    nothing if nobody walks."""
    analysis = _kept(analysed)
    drawn = chosen_people(analysis, options)
    walker = next((person for person in drawn if person.walks), None)
    if walker is None:
        return []
    alone = replace(analysis, people=(walker,))  # without who may be the same person
    only = replace(options.anonymize, person=walker.track.track_id)
    pipeline, strips = Pipeline(models, replace(options, anonymize=only)), []
    for done, seed in enumerate(seeds):
        report("preview", done, len(seeds))
        (gait,) = pipeline.gaits(alone, seed)
        strips.append(strip(gait, float(analysis.info.fps)))
    return strips


def warm_up(models: Models, report: Progress, clip: Path, options: Options) -> dict:
    """A run that nobody waits for; its report says how fast this machine is."""
    with tempfile.TemporaryDirectory() as folder:
        return Pipeline(models, options).run(clip, Path(folder), report).report


def _kept(analysed: Path) -> Analysis:
    return pickle.loads((analysed / _ANALYSIS).read_bytes())


def _ranks(gaits: Sequence[Gait]) -> tuple[list[Rank] | None, int]:
    """As `Crowd.ranks`, of the most prominent of those who got another gait, by the frames in which
    they did; None also where nobody did, or the recognisers are missing; and how many people the
    crowd has."""
    try:
        crowd = _crowd()
    except WeightsError:
        return None, 0
    for gait in gaits:
        if gait.person.walks:
            changed = gait.person.seen & ~gait.person.keeps_pose
            masks = gait.person.silhouettes.masks[changed], gait.clip.masks[changed]
            return crowd.ranks(*masks), crowd.people
    return None, crowd.people


@cache
def _crowd() -> Crowd:
    return Crowd.load(find("recogniser").path)
