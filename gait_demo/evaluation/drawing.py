"""How walkers drawn into real clips look, compared with the originals. There is no ground truth;
a pose network judges both in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from gait_demo.errors import DataError
from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.secret import repeatable_pipeline
from gait_demo.imaging.runs import runs
from gait_demo.options import VideoOptions
from gait_demo.people.landmarks import LandmarkNetwork, upright
from gait_demo.people.segmenter import ANKLES, NOSE, SHOULDERS, TOES, WRISTS
from gait_demo.pipeline import Models, Pipeline
from gait_demo.pipeline.gaits import camera_compensated
from gait_demo.rendering.ground import standing_feet
from gait_demo.types import Progress, SilhouetteClip
from gait_demo.weights import find

KINDS = ("edge", "limbs", "cloth")
_VISIBILITY = 3
_HALF = 0.5  # matte level of the outline
_DETAIL = 0.012  # heights: standard deviation of a Gaussian that removes detail of cloth
_INSIDE = 0.015  # heights: margin inside the outline, where detail is that of the outline
_NECK = 0.5  # share of the way from shoulders to nose, above which the head is hidden
_EDGE_PX = 5  # window in which the steepest gradient of an edge is searched
_WORST = 0.1  # share of frames
_STANCE = 0.8  # weight from which a foot counts as standing
_LEFT = {"shoulder": 1, "hip": 5, "knee": 6, "ankle": 7, "heel": 8, "toe": 9}
_RIGHT = 9  # offset from a joint of the left side to that of the right


@dataclass(frozen=True)
class Seen:
    """What a pose network sees of one person in one frame.

    Attributes:
        edge: mean gradient along the outline below the neck, levels a pixel.
        limbs: mean visibility of wrists, ankles and toes, in [0, 1].
        cloth: root mean square of fine detail within the outline below the neck, levels.
    """

    edge: float
    limbs: float
    cloth: float


def seen(rgb: np.ndarray, square: np.ndarray, network: LandmarkNetwork) -> Seen | None:
    """
    Args:
        rgb: (H, W, 3) uint8.
        square: (x0, y0, x1, y1) of the person's silhouette, in pixels.

    Returns:
        None if nothing of a body is seen.
    """
    reading = network(rgb, network(rgb, upright(np.asarray(square))).region)
    points, side = reading.landmarks, float(square[3] - square[1])
    h, w = rgb.shape[:2]
    x0, x1 = (int(np.clip(v, 0, w)) for v in (square[0], square[2]))
    y0, y1 = (int(np.clip(v, 0, h)) for v in (square[1], square[3] + 0.05 * side))
    shoulders = points[list(SHOULDERS), 1].mean()
    neck = int(np.clip(shoulders + _NECK * (points[NOSE, 1] - shoulders), y0, h))
    if x1 - x0 < 3 or y1 - neck < 3:
        return None
    part = rgb[neck:y1, x0:x1]
    matte = reading.matte.drawn(x0, neck, x1 - x0, y1 - neck)
    mask = (matte > _HALF).astype(np.uint8)
    outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    reach = 2 * max(1, round(_INSIDE * side)) + 1
    inside = cv2.erode(mask, np.ones((reach, reach), np.uint8)) > 0
    if not outline.any() or not inside.any():
        return None
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(*(cv2.Sobel(grey, -1, dx, 1 - dx, scale=1 / 8) for dx in (1, 0)))
    steepest = cv2.dilate(slope, np.ones((_EDGE_PX, _EDGE_PX)))
    fine = grey - cv2.GaussianBlur(grey, (0, 0), max(1.0, _DETAIL * side))
    return Seen(
        float(steepest[outline].mean()),
        float(points[[*WRISTS, *ANKLES, *TOES], _VISIBILITY].mean()),
        float(np.sqrt((fine[inside] ** 2).mean())),
    )


def ratios(pairs: Sequence[tuple[Seen, Seen]]) -> dict[str, float]:
    """Ratios of results to originals in the same frames, for each attribute of `Seen`: of the means
    and, with the suffix `_worst`, of the worst tenth of the frames."""
    figures = {}
    for kind in KINDS:
        before, after = (
            np.array([getattr(pair[n], kind) for pair in pairs], np.float64) for n in (0, 1)
        )
        figures[kind] = float(after.mean() / before.mean())
        figures[f"{kind}_worst"] = float(np.quantile(after / np.maximum(before, 1e-6), _WORST))
    return figures


def angle_difference(one: SilhouetteClip, other: SilhouetteClip) -> dict[str, float]:
    """Mean absolute difference between two gaits of one track, in degrees in the picture: of the
    inclination of trunk and thighs, and of the knees' flexion."""
    first, second = (_angles(clip) for clip in (one, other))
    return {
        name: float(np.abs((first[name] - second[name] + 180) % 360 - 180).mean()) for name in first
    }


def _angles(clip: SilhouetteClip) -> dict[str, np.ndarray]:
    points = clip.joints[..., :2]

    def direction(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return np.degrees(np.arctan2(end[..., 0] - start[..., 0], end[..., 1] - start[..., 1]))

    def pair(name: str) -> np.ndarray:
        return points[:, [_LEFT[name], _LEFT[name] + _RIGHT]]

    thighs = direction(pair("hip"), pair("knee"))
    shanks = direction(pair("knee"), pair("ankle"))
    trunk = direction(pair("shoulder").mean(axis=1), pair("hip").mean(axis=1))
    return {"trunk": trunk, "hip": thighs, "knee": thighs - shanks}


def slides(gait: SilhouetteClip, stands: np.ndarray) -> list[float]:
    """Horizontal movement of the standing foot in each stance of a gait, in heights.

    Args:
        stands: (T, 2) in [0, 1], whether the left and the right foot stand.
    """
    side = gait.squares[:, 2] - gait.squares[:, 0]
    place = gait.squares[:, None, :2] + side[:, None, None] * gait.joints[..., :2]
    found = []
    for n in (0, 1):
        feet = [_LEFT[name] + n * _RIGHT for name in ("ankle", "heel", "toe")]
        x = place[:, feet, 0].mean(axis=1)
        for start, end in runs(stands[:, n] > _STANCE):
            if end - start > 2:
                found.append(float(np.ptp(x[start:end]) / np.median(side)))
    return found


@dataclass(frozen=True)
class DrawingOptions:
    """
    Attributes:
        clips: videos.
        seconds: maximum length of each that is processed.
        every: distance of the frames that are judged; 1 for all.
        seed: of the gait.
    """

    clips: Sequence[Path]
    seconds: float = 6.0
    every: int = 5
    seed: int = 1


def evaluate_drawing(options: DrawingOptions, on_progress: Progress) -> dict[str, dict[str, float]]:
    """Figures of the most prominent person of each clip, by the clip's name: those of `ratios`;
    seeds_degrees, the largest `angle_difference` from the gait of the next seed; slide_percent, the
    mean of `slides`, if a foot stands. Clips in which this person gets no new gait are left out.

    Raises:
        DataError: no clip is left.
    """
    pipeline = repeatable_pipeline(Models.load(), video=VideoOptions(end_s=options.seconds))
    network = LandmarkNetwork(find("pose_landmark").path)
    report = {}
    for done, clip in enumerate(options.clips):
        on_progress("drawing", done, len(options.clips))
        figures = _measure_clip(clip, pipeline, network, options)
        if figures is not None:
            report[clip.stem] = figures
    if not report:
        raise DataError("Nobody in these clips can be given another gait; use other clips.")
    return report


def _measure_clip(
    clip: Path, pipeline: Pipeline, network: LandmarkNetwork, options: DrawingOptions
) -> dict[str, float] | None:
    """None if the most prominent person gets no new gait, or is never seen well."""
    with TemporaryDirectory() as folder:
        analysis = pipeline.analyse(clip, Path(folder))
        gait, other = (
            pipeline.gaits(analysis, seed)[0] for seed in (options.seed, options.seed + 1)
        )
        person, first = gait.person, gait.person.track.first_frame
        if gait.clip.joints is None or not person.walks:
            return None
        # the frames of the new walk, and those of the old one that show the same moments
        pairs_of = {
            int(frame): (n, int(source))
            for n, (frame, source) in enumerate(zip(gait.frames, gait.sources, strict=True))
            if frame % options.every == 0
            and gait.drawn[n]
            and person.well_seen[source]
            and not person.keeps_pose[source]
        }
        wanted = {first + source for _, source in pairs_of.values()}
        originals = {frame.index: frame.rgb for frame in analysis.frames() if frame.index in wanted}
        pairs = []
        for new in pipeline.render_frames(analysis, options.seed):
            if new.frame.index not in pairs_of:
                continue
            n, source = pairs_of[new.frame.index]
            old_square, new_square = person.silhouettes.squares[source], gait.clip.squares[n]
            both = (
                seen(originals[first + source], old_square, network),
                seen(new.colorized, new_square, network),
            )
            if None not in both:
                pairs.append(both)
    if not pairs:
        return None
    figures = ratios(pairs)
    figures["seeds_degrees"] = max(angle_difference(gait.in_step, other.in_step).values())
    old, new = camera_compensated(analysis.background, person.silhouettes, gait.clip)
    stands = standing_feet(old, float(analysis.info.fps))[gait.sources] * gait.drawn[:, None]
    stances = slides(new, stands)
    if stances:
        figures["slide_percent"] = 100 * float(np.mean(stances))
    return figures


def table(report: dict[str, dict[str, float]]) -> str:
    """Markdown: a row per clip, and the means."""
    names = list(dict.fromkeys(name for row in report.values() for name in row))
    rows = [
        [clip, *(f"{row[name]:.2f}" if name in row else None for name in names)]
        for clip, row in report.items()
    ]
    mean = {name: np.mean([row[name] for row in report.values() if name in row]) for name in names}
    rows.append(["mean", *(f"{mean[name]:.2f}" for name in names)])
    return markdown(["clip", *names], rows)
