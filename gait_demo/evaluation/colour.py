"""How well new bodies are coloured, against renders of what they really look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gait_demo.colorize import colorize
from gait_demo.composite import paste, paste_view, silhouette_view
from gait_demo.correspondence import correspond
from gait_demo.detail import Look, carry, necks
from gait_demo.evaluation.likeness import Perceptual, detail, eroded, flicker, slide, ssim
from gait_demo.evaluation.markdown import markdown
from gait_demo.models.cnet import CNet
from gait_demo.silhouettes import crop_square, normalise
from gait_demo.structures import SILHOUETTE_SIZE

METHODS = ("paper", "nearest", "sharp")
_INSIDE = 0.99  # cover of a pixel that shows nothing else
_SEEN = 24  # levels, by which what is not hidden differs


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
        """The same people before the negative of the place."""
        place = 255 - self.place
        more = (1 - self.old_cover[..., None]) * (place.astype(np.float32) - self.place)
        old = np.rint(self.old + more).clip(0, 255).astype(np.uint8)
        return replace(self, place=place, old=old)

    def silhouettes(self) -> tuple[np.ndarray, np.ndarray]:
        """(T, 64, 64) float32 each, the old and the new, as the pipeline sees them."""
        old, new = (
            np.stack([normalise(cover, square) for cover in covers])
            for covers, square in (
                (self.old_cover, self.old_square),
                (self.new_cover, self.new_square),
            )
        )
        return old, new


def painted(pair: RenderedPair, cnet: CNet) -> dict[str, list[np.ndarray]]:
    """The new silhouettes before the place, (H, W, 3) uint8 a frame, by each of METHODS.

    All know the old picture and both silhouettes at 64x64: `paper` is C-NET, enlarged; `nearest`
    takes each pixel from the same place, or from the nearest that lies in the old silhouette.
    """
    old, new = pair.silhouettes()
    square = pair.new_square
    crops = np.stack([crop_square(rgb, pair.old_square) for rgb in pair.old])
    coloured = colorize(crops, new, cnet)
    fields = correspond(old, new)
    old_squares = np.repeat(pair.old_square[None], len(old), axis=0)
    results = {name: [] for name in METHODS}
    for t, neck in enumerate(necks(old, old_squares)):
        view = silhouette_view(new[t], square, pair.place.shape[:2])
        looks = {
            "nearest": (_nearest(pair.old[t], old[t], pair.old_square), 0 * fields[t]),
            "sharp": (_look(pair, t, old[t], neck), fields[t]),
        }
        for name, (look, field) in looks.items():
            frame = pair.place.copy()
            paste_view(frame, carry(look, field, square, view), new[t], square, view)
            results[name].append(frame)
        frame = pair.place.copy()
        paste(frame, coloured[t], new[t], square)
        results["paper"].append(frame)
    return results


def _look(pair: RenderedPair, t: int, mask: np.ndarray, neck: float) -> Look:
    view = silhouette_view(mask, pair.old_square, pair.place.shape[:2])
    x, y, w, h = view
    part = np.s_[y : y + h, x : x + w]
    square = pair.old_square - np.float32([x, y, x, y])
    return Look.of(pair.old[t][part], pair.place[part], mask, square, neck - y)


def _nearest(rgb: np.ndarray, mask: np.ndarray, square: np.ndarray) -> Look:
    x0, y0, x1, y1 = square
    sx, sy = (x1 - x0) / SILHOUETTE_SIZE, (y1 - y0) / SILHOUETTE_SIZE
    place = np.float32([[sx, 0, x0 + (sx - 1) / 2], [0, sy, y0 + (sy - 1) / 2]])
    inside = cv2.warpAffine(mask, place, rgb.shape[1::-1], flags=cv2.INTER_LINEAR) > 0.5
    _, labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((labels.max() + 1, 3), np.uint8)
    table[labels[inside]] = rgb[inside]
    return Look(table[labels], square)


def measure(pair: RenderedPair, cnet: CNet, perceptual: Perceptual) -> dict[str, dict[str, float]]:
    """Figures by method, those of `original`, and those of `truth`, the true render.

    psnr (dB), ssim, distance (perceptual): against the true render, psnr and ssim inside the new
    silhouette. sharpness: mean square of what 64x64 pixels do not hold, inside the body below the
    head. head: root mean square of the same in the head, levels. flicker: mean
    difference of a frame from the one before, moved as the pictures move, levels; slide: the same,
    moved as the body moves. background: share of the new body's pixels that change with the
    colours of the place.
    """
    fine = detail(pair.old, pair.old_cover > _INSIDE, pair.old_square)
    inside = pair.new_cover > _INSIDE
    core = np.stack([eroded(one, pair.new_square, 1) for one in inside])

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
    elsewhere = painted(pair.elsewhere(), cnet)
    for name, frames in painted(pair, cnet).items():
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
    """Share of an old body's pixels that can still be seen where the new body is not.

    Args:
        frames: (T, H, W, 3) uint8, of a still camera; each place is free in some of them.
        covers: (T, H, W) float32 in [0, 1], where the old body is.
        results: of each frame (H, W, 3) uint8 in colour, and (H, W), the new silhouette.
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


def colour_report(
    pairs: Iterable[tuple[int, RenderedPair]],
    cnet: CNet,
    perceptual: Perceptual,
    on_progress: Callable[[int], None],
) -> Iterator[tuple[int, dict]]:
    """The figures of each pair beside its view angle in degrees."""
    for done, (view, pair) in enumerate(pairs):
        on_progress(done)
        yield view, measure(pair, cnet, perceptual)


def table(figures: list[tuple[int, dict]], ghosts: dict[str, float]) -> str:
    """Markdown: the means by method, of the original's where it is measured as well but for the
    head, and by view what is like the truth."""
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
    seen = [[each for each in figures if each[0] == view] for view in views]
    by_view = [
        [f"{name}, {key}", *(formats[key].format(_mean(some, name, key)) for some in seen)]
        for key in ("psnr", "ssim", "distance")
        for name in METHODS
    ]
    return markdown(["", *formats], rows) + "\n\n" + markdown(["by view, degrees", *views], by_view)


def _mean(figures: list[tuple[int, dict]], name: str, key: str) -> float:
    return float(np.mean([each[name][key] for _, each in figures]))
