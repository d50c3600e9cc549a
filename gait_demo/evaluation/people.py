"""How well people are found, followed and hidden, and the scene kept, on labelled frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.heads import HeadState, head_state
from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.matching import pairs
from gait_demo.evaluation.people_labels import LABELS, LabelledClip, LabelledFrame, read_labels
from gait_demo.evaluation.people_sheets import column, sheet
from gait_demo.evaluation.secret import repeatable_pipeline
from gait_demo.imaging.boxes import area, intersection_area, iou
from gait_demo.imaging.png import write_png
from gait_demo.options import VideoOptions
from gait_demo.pipeline import Analysis, Models
from gait_demo.types import Progress, silent
from gait_demo.video import read_frames

FOUND_IOU = 0.4
FOUND_COVERED = 0.7  # minimum share of a labelled box within a box of the analysis
FALSE_IOU = 0.1  # a box with less IoU with every label shows no person ...
FALSE_INSIDE = 0.5  # ... unless this share of it lies within a label
CHANGED_LEVELS = 12  # maximum change of a channel that compression can explain
LONG_FRAMES = 250  # of a longer clip only the part around the labels is processed ...
MARGIN_FRAMES = 50  # ... and as many frames before and after
_NEAR = 0.15  # box heights: margin around people and ignored boxes that is no scene
_WIDER, _SHADOW = 0.35, 0.1  # box heights beside and below a person: a wider walker, its shadow
_SEED = 0  # of the gaits

Show = Callable[[LabelledFrame, np.ndarray, np.ndarray, list[HeadState | None]], None]


@dataclass(frozen=True)
class FrameFigures:
    """Figures of one labelled frame.

    Attributes:
        heads: for each labelled person the state of the head; None without a head.
        found: (N,) bool, for each labelled person.
        tracks: for each labelled person the track id, matched one to one; None without a match.
        false_people: number of boxes of the analysis that touch no label.
        changed: share of the scene's pixels that differ from the original; None without scene.
    """

    heads: list[HeadState | None]
    found: np.ndarray
    tracks: list[int | None]
    false_people: int
    changed: float | None


def measure_frame(
    labels: LabelledFrame,
    original: np.ndarray,
    result: np.ndarray,
    boxes: dict[int, np.ndarray],
) -> FrameFigures:
    """
    Args:
        original, result: (H, W, 3) uint8 RGB.
        boxes: by track id, the box (4,) of the analysis in that frame.
    """
    size = original.shape[1::-1]
    ids, seen = list(boxes), np.array(list(boxes.values()), float).reshape(-1, 4)
    seen = seen.clip(0, [*size, *size])
    ious = iou(labels.boxes[:, None], seen)
    covered = (
        intersection_area(labels.boxes[:, None], seen)
        >= FOUND_COVERED * area(labels.boxes)[:, None]
    )
    likeness = np.where(covered, np.maximum(ious, FOUND_IOU), ious)
    tracks: list[int | None] = [None] * len(labels.people)
    for person, track in pairs(likeness, FOUND_IOU):
        tracks[person] = ids[track]
    return FrameFigures(
        [
            None if person.head is None else head_state(original, result, person.head)
            for person in labels.people
        ],
        (likeness >= FOUND_IOU).any(axis=1),
        tracks,
        _untouched(seen, np.concatenate([labels.boxes, labels.ignore])),
        changed_share(original, result, scene(labels, size)),
    )


def _untouched(seen: np.ndarray, labelled: np.ndarray) -> int:
    """Number of (N, 4) boxes that touch none of the (M, 4) labelled ones."""
    inside = intersection_area(seen[:, None], labelled) >= FALSE_INSIDE * area(seen)[:, None]
    touched = (iou(seen[:, None], labelled) >= FALSE_IOU) | inside
    return int((~touched.any(axis=1)).sum())


def scene(labels: LabelledFrame, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: pixels of a frame of `size` (W, H) that lie outside people and their margins."""
    mask = np.ones(size[::-1], bool)
    wide = [_WIDER + _NEAR, _NEAR, _WIDER + _NEAR, _SHADOW + _NEAR]
    for boxes, margins in ((labels.boxes, wide), (labels.ignore, [_NEAR] * 4)):
        for box in boxes:
            grown = box + (box[3] - box[1]) * np.array(margins) * [-1, -1, 1, 1]
            x0, y0, x1, y1 = grown.clip(0, [*size, *size]).round().astype(int)
            mask[y0:y1, x0:x1] = False
    return mask


def changed_share(original: np.ndarray, result: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of the pixels in a mask (H, W) bool that differ visibly; None if it is empty."""
    changed = cv2.absdiff(original, result).max(axis=2) > CHANGED_LEVELS
    return float(changed[mask].mean()) if mask.any() else None


def measure_clip(
    video: Path, labels: LabelledClip, models: Models, show: Show | None = None
) -> dict:
    """The figures of `summary` for one clip, and those of its run: frames (number processed),
    people (of the analysis), people_per_frame (seen, on average), ms_per_frame (for finding and
    following people).

    Args:
        show: called with each labelled frame, the original, the result and the heads' states.

    Raises:
        GaitDemoError: the clip is refused, or a labelled frame is not in it.
    """
    part, first = part_around(labels, [frame.time for frame in read_frames(video)])
    wanted = {frame.index - first: frame for frame in labels.frames}
    figures = []
    with TemporaryDirectory() as folder:
        pipeline = repeatable_pipeline(models, video=part)
        analysis = pipeline.analyse(video, Path(folder))
        with closing(pipeline.render_frames(analysis, _SEED)) as results:
            for new in results:
                labelled = wanted.pop(new.frame.index, None)
                if labelled is None:
                    continue
                boxes = _boxes(analysis, new.frame.index)
                measured = measure_frame(labelled, new.frame.rgb, new.colorized, boxes)
                figures.append((labelled, measured))
                if show:
                    show(labelled, new.frame.rgb, new.colorized, measured.heads)
    if wanted:
        raise DataError(f"{labels.clip} has no frames {sorted(n + first for n in wanted)}.")
    frames = len(analysis.times)
    seconds = analysis.people_s
    return summary(figures) | {
        "frames": frames,
        "people": len(analysis.people),
        "people_per_frame": sum(int(person.seen.sum()) for person in analysis.people) / frames,
        "ms_per_frame": round(1000 * seconds / frames, 1),
    }


def part_around(labels: LabelledClip, times: Sequence[Fraction]) -> tuple[VideoOptions, int]:
    """The part of a clip to process, and the index of its first frame: all of it or, of a long
    clip, the part around the labels. It begins and ends halfway between two frames.

    Args:
        times: of all frames of the clip, in seconds.
    """
    if len(times) <= LONG_FRAMES:
        return VideoOptions(), 0
    indices = [frame.index for frame in labels.frames]
    first = max(0, min(indices) - MARGIN_FRAMES)
    last = max(indices) + MARGIN_FRAMES
    start_s = float(times[first - 1] + times[first]) / 2 if first else 0
    end_s = float(times[last] + times[last + 1]) / 2 if last + 1 < len(times) else None
    return VideoOptions(start_s=start_s, end_s=end_s), first


def _boxes(analysis: Analysis, index: int) -> dict[int, np.ndarray]:
    """By track id, the boxes in a frame of the analysis, from the first to the last frame that
    shows the person."""
    boxes = {}
    for person in analysis.people:
        box, position = person.box(index), index - person.track.first_frame
        if box is not None and not person.extrapolated[position]:
            boxes[person.track.track_id] = box
    return boxes


def summary(figures: list[tuple[LabelledFrame, FrameFigures]]) -> dict:
    """labelled_frames; heads, heads_clear, heads_plain; labelled (people), found; scene_changed and
    scene_changed_worst (shares), worst_frame (index); false_people (per frame); id_switches
    (changes of the track id of a labelled person) and id_merges (labelled people beyond the first
    under one track id); and clear_at, the [index, id] of each head in clear."""
    states = [
        (frame.index, person.person_id, state)
        for frame, measured in figures
        for person, state in zip(frame.people, measured.heads, strict=True)
        if state is not None
    ]
    clear = [[index, number] for index, number, state in states if state is HeadState.CLEAR]
    changed = [(m.changed, frame.index) for frame, m in figures if m.changed is not None]
    worst, worst_frame = max(changed, default=(None, None))
    found = [found for _, measured in figures for found in measured.found]
    return {
        "labelled_frames": len(figures),
        "heads": len(states),
        "heads_clear": len(clear),
        "heads_plain": sum(state is HeadState.PLAIN for *_, state in states),
        "labelled": len(found),
        "found": int(sum(found)),
        "scene_changed": float(np.mean([share for share, _ in changed])) if changed else None,
        "scene_changed_worst": worst,
        "worst_frame": worst_frame,
        "false_people": sum(m.false_people for _, m in figures) / max(1, len(figures)),
        "id_switches": _switches(figures),
        "id_merges": _merges(figures),
        "clear_at": clear,
    }


def _matches(figures: list[tuple[LabelledFrame, FrameFigures]]) -> list[tuple[int, int]]:
    """(labelled id, track id) of every match, by ascending frame."""
    return [
        (person.person_id, track)
        for frame, measured in figures
        for person, track in zip(frame.people, measured.tracks, strict=True)
        if track is not None
    ]


def _switches(figures: list[tuple[LabelledFrame, FrameFigures]]) -> int:
    tracks = defaultdict(list)
    for person_id, track in _matches(figures):
        tracks[person_id].append(track)
    return sum(a != b for ids in tracks.values() for a, b in zip(ids, ids[1:], strict=False))


def _merges(figures: list[tuple[LabelledFrame, FrameFigures]]) -> int:
    people = defaultdict(set)
    for person_id, track in _matches(figures):
        people[track].add(person_id)
    return sum(len(ids) - 1 for ids in people.values())


def evaluate_people(
    data: Path,
    labels: Path | None = None,
    sheets: Path | None = None,
    on_progress: Progress = silent,
) -> dict:
    """The figures of `measure_people`.

    Args:
        data: folder of the labelled clips.
        labels: see `read_labels`; default: the project's own.
        sheets: folder for a PNG of each clip, see `people_sheets`.

    Raises:
        DataError: there are no labels, or none of the clips.
    """
    clips, models = read_labels(labels or LABELS), Models.load()
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
    measure = partial(_measure_and_show, models=models, sheets=sheets)
    return measure_people(clips, data, measure, on_progress)


def _measure_and_show(
    video: Path, labels: LabelledClip, models: Models, sheets: Path | None
) -> dict:
    columns = []
    show = (lambda *frame: columns.append(column(*frame))) if sheets else None
    figures = measure_clip(video, labels, models, show)
    if columns:
        write_png(sheets / f"{Path(labels.clip).stem}.png", sheet(columns))
    return figures


def measure_people(
    labels: list[LabelledClip],
    folder: Path,
    measure: Callable[[Path, LabelledClip], dict],
    on_progress: Progress = silent,
) -> dict:
    """
    Args:
        folder: of the clips that the labels name.
        measure: `measure_clip` with all arguments but the video and its labels.

    Returns:
        clips, the figures by name; refused, the sentences by name; absent, names of labelled clips
        that are not in the folder; all, the figures of all clips together.

    Raises:
        DataError: the folder holds none of the clips.
    """
    clips, refused, absent = {}, {}, []
    for done, labelled in enumerate(labels):
        on_progress(labelled.clip, done, len(labels))
        video = folder / labelled.clip
        if not video.is_file():
            absent.append(labelled.clip)
            continue
        try:
            clips[labelled.clip] = measure(video, labelled)
        except DataError:
            raise
        except GaitDemoError as error:
            refused[labelled.clip] = str(error)
    if len(absent) == len(labels):
        raise DataError(f"{folder} holds none of the {len(labels)} labelled clips.")
    return {"clips": clips, "refused": refused, "absent": absent, "all": _together(clips)}


def _together(clips: dict[str, dict]) -> dict:
    """The figures of all clips together: sums, and means over labelled frames."""
    every = list(clips.values())
    names = ("labelled_frames", "heads", "heads_clear", "heads_plain", "labelled", "found",
             "id_switches", "id_merges", "frames", "people")  # fmt: skip
    sums = {name: sum(clip[name] for clip in every) for name in names}

    def mean(name: str, weight: str) -> float | None:
        known = [(clip[name], clip[weight]) for clip in every if clip[name] is not None]
        total = sum(count for _, count in known)
        return sum(value * count for value, count in known) / total if total else None

    return sums | {
        "scene_changed": mean("scene_changed", "labelled_frames"),
        "scene_changed_worst": max(
            (c["scene_changed_worst"] for c in every if c["scene_changed_worst"] is not None),
            default=None,
        ),
        "false_people": mean("false_people", "labelled_frames"),
        "people_per_frame": mean("people_per_frame", "frames"),
        "ms_per_frame": mean("ms_per_frame", "frames"),
    }


def table(report: dict) -> str:
    """The figures of `measure_people` as Markdown."""
    head = ["clip", "heads in clear", "people found", "scene changed", "worst frame",
            "false people", "id switches", "id merges", "people", "people a frame",
            "ms a frame"]  # fmt: skip
    rows = [
        [
            name,
            f"{clip['heads_clear']} of {clip['heads'] - clip['heads_plain']}",
            f"{clip['found']} of {clip['labelled']}",
            _percent(clip["scene_changed"]),
            _percent(clip["scene_changed_worst"]),
            f"{clip['false_people']:.2f}",
            clip["id_switches"],
            clip["id_merges"],
            clip["people"],
            None if clip["people_per_frame"] is None else f"{clip['people_per_frame']:.1f}",
            None if clip["ms_per_frame"] is None else f"{clip['ms_per_frame']:.0f}",
        ]
        for name, clip in [*report["clips"].items(), ("all", report["all"])]
    ]
    refused = [f"Refused: {name}: {sentence}" for name, sentence in report["refused"].items()]
    absent = [f"Absent, not measured: {name}." for name in report["absent"]]
    return "\n\n".join([markdown(head, rows), *refused, *absent])


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.2%}"
