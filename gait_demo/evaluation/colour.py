"""How well new walkers are coloured, compared with renderings of the true picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from gait_demo.errors import DataError
from gait_demo.evaluation.likeness import Perceptual, detail, eroded, flicker, slide, ssim
from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.secret import repeatable_pipeline
from gait_demo.imaging.nearest import nearest_colours
from gait_demo.imaging.placing import placed
from gait_demo.joints import joints_in
from gait_demo.models import build
from gait_demo.models.cnet import CNet
from gait_demo.options import ColorizeOptions
from gait_demo.people.body import head_in
from gait_demo.people.landmarks import LandmarkNetwork, upright
from gait_demo.people.sides import untangled
from gait_demo.pipeline import Models
from gait_demo.rendering.arms import ArmColours
from gait_demo.rendering.colorize import colorize
from gait_demo.rendering.compositing import laid_over, paste, render_binary
from gait_demo.rendering.cutout import Cutout
from gait_demo.rendering.depth import depths_of
from gait_demo.rendering.head import hide_head
from gait_demo.rendering.limbs import draw, outline_fields
from gait_demo.rendering.rig import Pose
from gait_demo.silhouettes.crops import crop_square, normalise
from gait_demo.synthesis.film import FilmOptions, film
from gait_demo.synthesis.pairs import draw_pair, film_pair
from gait_demo.synthesis.scene import SCENES
from gait_demo.types import Progress
from gait_demo.video import VideoWriter
from gait_demo.weights import CHECKPOINTS, find

METHODS = ("paper", "nearest", "sharp")
_FPS = 25.0  # of rendered pairs
_INSIDE = 0.99  # coverage from which a pixel shows only the body
_PERSON_PX = 400  # height of the people in rendered pairs
_SCALE = 2 * _PERSON_PX / 128  # for `draw_pair`: 128 pixels at scale 1, drawn twice as large
_SEEN = 24  # grey levels of difference above which the old body is still visible


@dataclass(frozen=True)
class RenderedPair:
    """The same walk by two people in the same clothes, as synthesis.pairs.film_pair returns it."""

    place: np.ndarray
    old: np.ndarray
    old_cover: np.ndarray
    old_square: np.ndarray
    old_motion: np.ndarray
    new: np.ndarray
    new_cover: np.ndarray
    new_square: np.ndarray
    new_motion: np.ndarray

    def elsewhere(self) -> RenderedPair:
        """The same people in front of the negative of the place."""
        place = 255 - self.place
        more = (1 - self.old_cover[..., None]) * (place.astype(np.float32) - self.place)
        old = np.rint(self.old + more).clip(0, 255).astype(np.uint8)
        return replace(self, place=place, old=old)

    def silhouettes(self) -> tuple[np.ndarray, np.ndarray]:
        """The old and the new silhouettes, (T, 64, 64) float32 each, as the pipeline sees them."""
        old, new = (
            np.stack([normalise(cover, square) for cover in covers])
            for covers, square in (
                (self.old_cover, self.old_square),
                (self.new_cover, self.new_square),
            )
        )
        return old, new


@dataclass(frozen=True)
class PairLandmarks:
    """What the landmark network reads in the old and in the new pictures, (T, 33, 4) float32, with
    limbs on their sides."""

    old: np.ndarray
    new: np.ndarray

    @classmethod
    def of(cls, pair: RenderedPair, network: LandmarkNetwork) -> PairLandmarks:
        return cls(
            _landmarks(pair.old, pair.old_square, network),
            _landmarks(pair.new, pair.new_square, network),
        )


def _landmarks(frames: np.ndarray, square: np.ndarray, network: LandmarkNetwork) -> np.ndarray:
    found = []
    for rgb in frames:
        region = network(rgb, upright(square)).region  # the square that the person fills
        found.append(network(rgb, region).landmarks)
    frames, heights = np.arange(len(found)), np.full(len(found), square[3] - square[1])
    return untangled(np.stack(found), frames, heights, _FPS)


def painted(
    pair: RenderedPair, landmarks: PairLandmarks, cnet: CNet
) -> dict[str, list[np.ndarray]]:
    """The new walker in front of the place, (H, W, 3) uint8 per frame, by each of METHODS.

    All of them get the old picture and both silhouettes at 64x64: `paper` is C-NET, enlarged;
    `nearest` takes each pixel from the nearest place in the old silhouette; `sharp` moves the limbs
    by the landmarks of both.
    """
    old, new = pair.silhouettes()
    crops = np.stack([crop_square(rgb, pair.old_square) for rgb in pair.old])
    coloured = colorize(crops, new, cnet)
    return {
        "paper": [_pasted(pair, *both) for both in zip(coloured, new, strict=True)],
        "nearest": [_nearest(pair, *three) for three in zip(pair.old, old, new, strict=True)],
        "sharp": _limbs(pair, landmarks, old, new),
    }


def _pasted(pair: RenderedPair, colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    frame = pair.place.copy()
    paste(frame, colours, alpha, pair.new_square)
    return frame


def _limbs(
    pair: RenderedPair, landmarks: PairLandmarks, old: np.ndarray, new: np.ndarray
) -> list[np.ndarray]:
    """As the pipeline's renderer draws the new walker, with heads hidden."""
    squares = [
        np.repeat(square[None], len(old), axis=0) for square in (pair.old_square, pair.new_square)
    ]
    before, after = (
        joints_in(list(points), square, _FPS)[..., :2]
        for points, square in zip((landmarks.old, landmarks.new), squares, strict=True)
    )
    depths = depths_of(landmarks.old, _FPS)
    fields = outline_fields(old, before, after, depths, new)
    cutouts = []
    for t, rgb in enumerate(pair.old):
        rgb = rgb.copy()
        pose = Pose.of(*_in_pixels(before[t], pair.old_square))
        hide_head(rgb, pair.old_cover[t], head_in(landmarks.old[t], pose.height))
        cutouts.append(Cutout.of(rgb, pair.old_cover[t], pose, depths[t]))
    colours = ArmColours.learnt(arm for cutout in cutouts for arm in cutout.parts.arm_samples())
    cutouts = [cutout.telling(colours) for cutout in cutouts]
    frames = []
    for t, cutout in enumerate(cutouts):
        frame = pair.place.copy()
        view = 0, 0, frame.shape[1], frame.shape[0]
        others = [lambda n=n: cutouts[n] for n in range(len(cutouts)) if n != t]
        pose = Pose.of(*_in_pixels(after[t], pair.new_square))
        drawn = draw(
            cutout, others, depths[t].order, pose, new[t], fields[t], pair.new_square, view
        )
        laid_over(frame, *drawn, view)
        frames.append(frame)
    return frames


def _in_pixels(joints: np.ndarray, square: np.ndarray) -> tuple[np.ndarray, float]:
    side = float(square[3] - square[1])
    return square[:2] + side * joints - 0.5, side


def _nearest(
    pair: RenderedPair, rgb: np.ndarray, mask: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    view = 0, 0, rgb.shape[1], rgb.shape[0]
    inside = placed(mask, pair.old_square, view) > 0.5
    filled = nearest_colours(rgb, inside)
    (x, y, right, _), (old_x, old_y, old_right, _) = pair.new_square, pair.old_square
    scale = (old_right - old_x) / (right - x)
    shift = (scale - 1) / 2
    to_old = np.float32([
        [scale, 0, old_x - scale * x + shift], [0, scale, old_y - scale * y + shift]
    ])  # fmt: skip
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    colours = cv2.warpAffine(filled, to_old, view[2:], None, how, cv2.BORDER_REPLICATE)
    frame = pair.place.copy()
    binary = render_binary(frame.shape[:2], [(alpha, pair.new_square)])
    laid_over(frame, colours, binary.astype(np.float32) / 255, view)
    return frame


def measure(
    pair: RenderedPair, landmarks: PairLandmarks, cnet: CNet, perceptual: Perceptual
) -> dict[str, dict[str, float]]:
    """Figures by method, and those of `original` and of `truth`, the true rendering.

    psnr (dB), ssim, distance (perceptual): compared with the true rendering, psnr and ssim inside
    the new silhouette. sharpness: mean square of the detail finer than 64x64 pixels, inside the
    body below the head. head: root mean square of this detail in the head, levels. flicker: mean
    difference of consecutive frames after compensation of the pictures' motion, levels; slide: the
    same after compensation of the body's motion. background: share of the new body's pixels that
    change with the colours of the place.
    """
    fine = detail(pair.old, pair.old_cover > _INSIDE, pair.old_square)
    inside = pair.new_cover > _INSIDE
    core = np.stack([eroded(mask, pair.new_square, 1) for mask in inside])

    def moving(frames: np.ndarray) -> dict[str, float]:
        own = detail(frames, inside, pair.new_square)
        return {
            "sharpness": own.body,
            "head": own.head,
            "flicker": flicker(frames, inside),
            "slide": slide(frames, inside, pair.new_motion),
        }

    figures = {
        "original": {
            "sharpness": fine.body,
            "head": fine.head,
            "flicker": flicker(pair.old, pair.old_cover > _INSIDE),
            "slide": slide(pair.old, pair.old_cover > _INSIDE, pair.old_motion),
        },
        "truth": moving(pair.new),
    }
    elsewhere = painted(pair.elsewhere(), landmarks, cnet)
    for name, frames in painted(pair, landmarks, cnet).items():
        frames = np.stack(frames)
        error = (frames[inside].astype(np.float32) - pair.new[inside]) ** 2
        changed = np.abs(frames.astype(np.int16) - np.stack(elsewhere[name])).max(axis=-1)
        both = list(zip(frames, pair.new, strict=True))
        alike = [ssim(*two)[here].mean() for two, here in zip(both, inside, strict=True)]
        figures[name] = {
            "psnr": float(10 * np.log10(255**2 / error.mean())),
            "ssim": float(np.mean(alike)),
            "distance": float(np.mean([perceptual(*two, pair.new_square) for two in both])),
            **moving(frames),
            "background": float((changed[core] > _SEEN).mean()),
        }
    return figures


def ghost(
    frames: np.ndarray, covers: np.ndarray, results: Iterable[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Share of the old body's pixels outside the new body that are still visible.

    Args:
        frames: (T, H, W, 3) uint8, of a still camera; each place is free in some of them.
        covers: (T, H, W) float32 in [0, 1], where the old body is.
        results: for each frame (H, W, 3) uint8 in colour, and the new silhouette (H, W).
    """
    place, seen = np.zeros(frames.shape[1:], np.float32), np.zeros(covers.shape[1:], np.float32)
    for rgb, cover in zip(frames, covers, strict=True):
        free = (cover < 0.01).astype(np.float32)
        place += free[..., None] * rgb
        seen += free
    place /= np.maximum(seen, 1)[..., None]
    left = area = 0
    for rgb, cover, (result, binary) in zip(frames, covers, results, strict=True):
        from_old, from_place = (
            np.abs(result.astype(np.float32) - other).max(axis=-1) for other in (rgb, place)
        )
        alone = (cover > 0.1) & (binary == 0)
        left += (alone & (from_place > _SEEN) & (from_old < from_place)).sum()
        area += (cover > 0.5).sum()
    return float(left / area)


@dataclass(frozen=True)
class ColourOptions:
    """
    Attributes:
        views: view angles in degrees, as in CASIA-B.
        pairs: number of pairs of people at each view.
        frames: number of frames of each pair, at least 2.
        seed: of people, clothes, places and gait.
    """

    views: tuple[int, ...] = (0, 36, 72, 90, 126, 162, 180, 270)
    pairs: int = 2
    frames: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise DataError(f"{self.frames} frames show no movement; give 2 or more.")


def evaluate_colour(
    options: ColourOptions, on_progress: Progress
) -> tuple[list[tuple[int, dict]], dict[str, float]]:
    """
    Returns:
        For each pair, its view angle and the figures of `measure`; and `ghost` by method, all but
        "nearest", in a short synthetic film that the whole pipeline processes.
    """
    cnet = build.load(find("cnet").path, "cnet")
    perceptual = Perceptual(CHECKPOINTS / "yolo.safetensors")
    network = LandmarkNetwork(find("pose_landmark").path)
    figures = []
    for done, (view, pair) in enumerate(_rendered_pairs(options)):
        on_progress("colour", done, len(options.views) * options.pairs)
        landmarks = PairLandmarks.of(pair, network)
        figures.append((view, measure(pair, landmarks, cnet, perceptual)))
    on_progress("ghost", 0, 0)
    return figures, _ghosts(options.seed)


def _rendered_pairs(options: ColourOptions) -> Iterator[tuple[int, RenderedPair]]:
    """Renderings of people and clothes that no network was trained on, each with its view."""
    for view in options.views:
        for n in range(options.pairs):
            rng = np.random.default_rng([options.seed, view, n, 11])
            pair = draw_pair(rng, _SCALE, view)
            scene = SCENES[int(rng.integers(len(SCENES)))]
            phase = float(rng.uniform())
            rendered = film_pair(pair, phase, options.frames, scene, int(rng.integers(1000)))
            yield view, RenderedPair(**rendered)


def _ghosts(seed: int) -> dict[str, float]:
    options = FilmOptions(seconds=4, width=640, height=360, person_px=200, seed=seed)
    frames, covers = map(np.stack, zip(*film(options), strict=True))
    models, ghosts = Models.load(), {}
    for name in METHODS:
        if name == "nearest":
            continue
        pipeline = repeatable_pipeline(models, colorize=ColorizeOptions(name))
        with TemporaryDirectory() as folder:
            clip = Path(folder) / "film.mp4"
            with VideoWriter(clip, options.width, options.height, options.fps) as writer:
                for n, rgb in enumerate(frames):
                    writer.write(rgb, n / options.fps)
            analysis = pipeline.analyse(clip, Path(folder) / "analysis")
            results = pipeline.render_frames(analysis, seed)
            ghosts[name] = ghost(frames, covers, ((new.colorized, new.binary) for new in results))
    return ghosts


def table(figures: list[tuple[int, dict]], ghosts: dict[str, float]) -> str:
    """Markdown: the means by method, of which sharpness, flicker and slide are ratios to the
    original's; and the likeness to the truth by view."""
    formats = {
        "psnr": "{:.1f}", "ssim": "{:.3f}", "distance": "{:.3f}", "sharpness": "{:.2f}",
        "head": "{:.1f}", "flicker": "{:.2f}", "slide": "{:.1f}", "background": "{:.1%}",
        "ghost": "{:.1%}",
    }  # fmt: skip
    rows = []
    for name in ("original", "truth", *METHODS):
        mean = {key: _mean(figures, name, key) for key in figures[0][1][name]}
        for key in ("sharpness", "flicker", "slide"):
            mean[key] /= _mean(figures, "original", key)
        mean |= {"ghost": ghosts[name]} if name in ghosts else {}
        rows.append(
            [name, *(form.format(mean[k]) if k in mean else None for k, form in formats.items())]
        )
    views = sorted({view for view, _ in figures})
    seen = [[walk for walk in figures if walk[0] == view] for view in views]
    by_view = [
        [f"{name}, {key}", *(formats[key].format(_mean(walks, name, key)) for walks in seen)]
        for key in ("psnr", "ssim", "distance")
        for name in METHODS
    ]
    return markdown(["", *formats], rows) + "\n\n" + markdown(["by view, degrees", *views], by_view)


def _mean(figures: list[tuple[int, dict]], name: str, key: str) -> float:
    return float(np.mean([walk[name][key] for _, walk in figures]))
