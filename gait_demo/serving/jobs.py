"""The jobs of the page's worker processes; `Engine.run` calls them by name.

The first two arguments of each are the models and a progress callback. Arguments and results are
small, and `messages` reads the results. The analysis, which all seeds of a clip share, stays on
disk beside the clip's other files, and only workers read it.
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

from gait_demo import pipeline
from gait_demo.errors import WeightsError
from gait_demo.evaluation.readout import Crowd
from gait_demo.imaging.jpeg import packed
from gait_demo.options import Options
from gait_demo.pipeline import Analysis, Models, Pipeline
from gait_demo.pipeline.gaits import Gait, chosen_people
from gait_demo.serving.change import change, strip
from gait_demo.serving.messages import CHANGE
from gait_demo.serving.preview import clearest_frame, number_people
from gait_demo.serving.worker import error_location
from gait_demo.types import Inspection, Progress, Rank, Report
from gait_demo.weights import find

PEOPLE = "people.jpg"
_ANALYSIS = "analysis.pickle"
_log = logging.getLogger(__name__)  # goes to the server's log: nothing about a visitor's files


def load() -> Models:
    """The models for all jobs. Those that find people and faces may still be downloading."""
    models = Models.load()
    _ = models.detector  # builds it now, not in the first job
    return models


def inspect_clip(models: Models, report: Progress, source: Path, options: Options) -> Inspection:
    """As `pipeline.inspect_clip`."""
    return pipeline.inspect_clip(source, models.segmenter, options.people)


def analyse(
    models: Models, report: Progress, source: Path, folder: Path, options: Options
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """`Pipeline.analyse`; stores the analysis and a picture of the numbered people in `folder`.

    Returns:
        The numbers of all people who can get another gait, in order; and the time of each frame, in
        seconds since the first.
    """
    analysis = Pipeline(models, options).analyse(source, folder, report)
    walkers = [person.track for person in analysis.people if not person.is_refused]
    shape = analysis.info.height, analysis.info.width
    index = clearest_frame(walkers, shape) if walkers else 0
    frame = next(islice(analysis.frames(), index, None))
    picture = number_people(frame.rgb, walkers, index)
    (folder / PEOPLE).write_bytes(packed(picture))
    (folder / _ANALYSIS).write_bytes(pickle.dumps(analysis))
    numbers = tuple(sorted(track.track_id for track in walkers))
    return numbers, tuple(round(float(time), 6) for time in analysis.times)


def render(
    models: Models, report: Progress, analysed: Path, folder: Path, options: Options
) -> Report:
    """`Pipeline.render` of the analysis stored in the folder `analysed`. Writes also the file
    CHANGE, with the value of `change.change`, unless that fails."""
    analysis, gaits = _kept(analysed), []
    seed = options.anonymize.seed
    pipeline = Pipeline(models, options)
    result = pipeline.render(analysis, folder, seed, report, on_gaits=gaits.extend)
    try:
        told = change(analysis, gaits, *_ranks(gaits))
        (folder / CHANGE).write_text(json.dumps(told, separators=(",", ":")))
    except Exception as error:  # a failed explanation must not cost the result
        _log.error("what changed could not be described: %s", error_location(error))
    return result.report


def preview_gaits(
    models: Models,
    report: Progress,
    analysed: Path,
    options: Options,
    seeds: tuple[int, ...],
) -> list[str]:
    """For each seed, `change.strip` of the most prominent walker; an empty list if nobody walks."""
    analysis = _kept(analysed)
    drawn = chosen_people(analysis, options)
    walker = next((person for person in drawn if person.walks), None)
    if walker is None:
        return []
    alone = replace(analysis, people=(walker,))  # without tracks that may be the same person
    only = replace(options.anonymize, person=walker.track.track_id)
    pipeline, strips = Pipeline(models, replace(options, anonymize=only)), []
    for done, seed in enumerate(seeds):
        report("preview", done, len(seeds))
        (gait,) = pipeline.gaits(alone, seed)
        strips.append(strip(gait, float(analysis.info.fps)))
    return strips


def warm_up(models: Models, report: Progress, clip: Path, options: Options) -> dict:
    """A run whose result is deleted; its report shows how fast this machine is."""
    with tempfile.TemporaryDirectory() as folder:
        return Pipeline(models, options).run(clip, Path(folder), report).report


def _kept(analysed: Path) -> Analysis:
    return pickle.loads((analysed / _ANALYSIS).read_bytes())


def _ranks(gaits: Sequence[Gait]) -> tuple[list[Rank] | None, int]:
    """`Crowd.ranks` of the most prominent person with a new gait, over the frames that have it;
    None also if nobody has one or the recognisers are missing. And the number of people in the
    crowd, 0 without recognisers."""
    try:
        crowd = _crowd()
    except WeightsError:
        return None, 0
    for gait in gaits:
        if gait.changed.any():
            person = gait.person
            before = person.silhouettes.masks[person.seen & ~person.keeps_pose]
            return crowd.ranks(before, gait.clip.masks[gait.changed]), crowd.people
    return None, crowd.people


@cache
def _crowd() -> Crowd:
    return Crowd.load(find("recogniser").path)
