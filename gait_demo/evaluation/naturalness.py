"""Figures for how natural walks look, in addition to opinion scores, which they do not replace."""

from __future__ import annotations

import numpy as np

from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits
from gait_demo.evaluation.gei import SIZE
from gait_demo.evaluation.separation import Pictures, balanced_accuracy, judge
from gait_demo.silhouettes.crops import is_one_piece
from gait_demo.types import Progress, silent

_FRAMES = 6  # number of frames of a walk that the spatial judge sees
_SLICE_FRAMES = 32  # number of frames in a temporal picture, four rows for each
_KNEE, _ANKLE = 46, 58  # rows of 64 between which the legs can be told apart
_SHIN_ROWS = 9


def naturalness(
    clear: Gaits,
    before: Gaits,
    after: Gaits,
    on_progress: Progress = silent,
    steps: int = 480,
) -> dict:
    """Compares anonymized walks with clear ones.

    What each figure shows, and what it does not:

    - spatial: how well a small network tells single frames from clear ones of other people, 0.5
      (not at all) to 1. It sees wrong shapes, but also harmless differences such as the softness of
      an edge, and nothing of the order of frames.
    - temporal: the same for pictures of the legs' columns over time. It sees wrong rhythm, flicker
      and sliding, and nothing of the body above the knees.
    - smooth: mean IoU of neighbouring frames, minus that of the original walks. Below 0 they
      flicker more; a frozen output has the best value.
    - broken: share of frames with more than 5 % of the silhouette apart from the body. A wrong
      shape in one piece is not seen.
    - phase: median correlation of the legs' spread with that of the original walks: whether the
      feet go where the original feet went.
    - direction: share of walks whose toes point in the original direction. As phase, it counts
      views within 45 degrees of the side; from the front, both are noise.

    Args:
        clear: walks of people who are not in `after`.
        before, after: the original walks, and the anonymized version of each.
        steps: number of training steps of each judge, which is then trained anew with twice as
            many.

    Returns:
        Figures by the names above: "spatial" and "temporal" as `separation.balanced_accuracy` of
        the longer training, with "is converged", whether it did not raise the accuracy beyond the
        interval of the shorter one, and "by view", the same for each view, by the same judges; the
        others numbers, or None if nothing can be measured.

    Raises:
        DataError: fewer than four people of either kind, or the same people in both.
    """
    if set(clear.person) & set(after.person):
        raise DataError("Clear and made walks must be of different people.")
    report: dict = {}
    for name, pictures in (("spatial", _frames), ("temporal", _slices)):
        on_progress(name, 0, 0)
        both = _pictures(clear, after, pictures)
        shorter = balanced_accuracy(both, judge(both, steps=steps))
        probability = judge(both, steps=2 * steps)
        told = balanced_accuracy(both, probability)
        is_converged = told["accuracy"] <= shorter["interval"][1]
        report[name] = told | {"is converged": is_converged, "by view": {}}
        for view in np.unique(both.group):
            chosen = both.group == view
            report[name]["by view"][str(view)] = balanced_accuracy(
                both.of(chosen), probability[chosen]
            )
    pairs = [
        (before.frames(n), after.frames(n), int(after.view[n]))
        for n in range(len(after))
        if len(before.walks[n]) > 1 and len(after.walks[n]) > 1
    ]
    aligned = [(a, b, view) for a, b, view in pairs if len(a) == len(b)]
    sideways = [(a, b) for a, b, view in aligned if 45 <= view <= 135]
    report["smooth"] = _mean([smoothness(b) - smoothness(a) for a, b, _ in pairs])
    whole = [is_one_piece(mask) for _, walk, _ in pairs for mask in walk.astype(np.float32)]
    report["broken"] = _mean([not is_whole for is_whole in whole])
    phases = [correlation(leg_spread(a), leg_spread(b)) for a, b in sideways]
    report["phase"] = round(float(np.median(phases)), 4) if phases else None
    report["direction"] = _mean([toe_lead(a) * toe_lead(b) > 0 for a, b in sideways])
    return report


def smoothness(masks: np.ndarray) -> float:
    """Mean intersection over union of neighbouring masks (T, 64, 64) of 0 and 1."""
    a, b = masks[1:] > 0, masks[:-1] > 0
    either = np.maximum((a | b).sum((1, 2)), 1)
    return float(((a & b).sum((1, 2)) / either).mean())


def leg_spread(masks: np.ndarray) -> np.ndarray:
    """(T,): spread of the legs, as the standard deviation of the columns of the lowest third."""
    legs = masks[:, 43:].sum(1).astype(float)
    column = np.arange(legs.shape[1])
    mass = np.maximum(legs.sum(1), 1)
    mean = legs @ column / mass
    return np.sqrt(np.maximum(legs @ column**2 / mass - mean**2, 0))


def toe_lead(masks: np.ndarray) -> float:
    """How far the toes are ahead of the shins, in columns; the sign is the walking direction.

    In masks (T, 64, 64), the mean column of the lowest two rows of each figure minus that of the
    rows eight above, which show ankles and shins. Right is positive; 0 if no frame shows both.
    """
    leads = []
    for mask in masks:
        rows = np.flatnonzero(mask.any(axis=1))
        if not len(rows) or rows[-1] < _SHIN_ROWS:
            continue
        feet, shins = mask[rows[-1] - 1 : rows[-1] + 1], mask[rows[-1] - 9 : rows[-1] - 6]
        if shins.any():  # not under a speck
            leads.append(np.nonzero(feet)[1].mean() - np.nonzero(shins)[1].mean())
    return float(np.mean(leads)) if leads else 0.0


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation of (T,) and (T,); 0 if one of them is constant."""
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _frames(walk: np.ndarray) -> list[np.ndarray]:
    """Some frames of a walk, evenly spaced."""
    chosen = np.unique(np.linspace(0, len(walk) - 1, _FRAMES).round().astype(int))
    return [walk[n].astype(np.float32) for n in chosen]


def _slices(walk: np.ndarray) -> list[np.ndarray]:
    """A picture of the legs over time: its rows are frames, its columns those of the silhouette."""
    if len(walk) < _SLICE_FRAMES:
        return []
    middle = (len(walk) - _SLICE_FRAMES) // 2
    legs = walk[middle : middle + _SLICE_FRAMES, _KNEE:_ANKLE].mean(axis=1, dtype=np.float32)
    return [np.repeat(legs, SIZE // _SLICE_FRAMES, axis=0)]


def _pictures(clear: Gaits, made: Gaits, pictures) -> Pictures:
    images, about = [], []
    for gaits, kind in ((clear, False), (made, True)):
        for n in range(len(gaits)):
            for image in pictures(gaits.frames(n)) if len(gaits.walks[n]) else ():
                images.append(image)
                about.append((kind, str(gaits.person[n]), f"{gaits.view[n]:03d}"))
    if not images:
        raise DataError("No walk is long enough to be judged.")
    kinds, people, views = zip(*about, strict=True)
    return Pictures(np.stack(images), np.array(kinds), np.array(people), np.array(views))


def _mean(values: list) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
