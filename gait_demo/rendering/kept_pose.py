"""People who cannot be given a new gait: drawn in their pose, with another outline and no face.

The outline is changed by a slight warp of the picture, including the surroundings, so that parts of
a person that the matte misses stay whole.
"""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.people.segmenter import Detection
from gait_demo.rendering.head import hide_head

_AMPLITUDE = 0.03  # heights: maximum displacement of an outline
_CELLS = 5  # cells of the displacement field along a body
_FAINT, _EDGE = 0.3, 0.3  # matte level below which nothing is drawn, and range up to opacity:
# a matte is faint where the network is unsure, not where a person is transparent
_ANYTHING = 0.15  # matte level below which a pixel is not the person
_WIDER = 0.015  # heights: margin around a matte that a plain grey covers
_FADE = 0.08  # heights around a person over which the displacement falls to 0


class KeptPose:
    """Draws one person; the outline changes in the same way in all frames."""

    def __init__(self, noise: np.ndarray):
        """noise: that of the person and seed, which determines the outline."""
        rng = np.random.default_rng(np.asarray(noise, np.float32).view(np.uint32))
        self._field = rng.uniform(-1, 1, (_CELLS, _CELLS, 2)).astype(np.float32)

    def draw(
        self,
        rgb: np.ndarray,
        shown: np.ndarray,
        person: Detection,
        body: np.ndarray,
        head: np.ndarray,
        hide: bool,
        plain: int | None = None,
    ) -> np.ndarray | None:
        """
        Args:
            rgb: (H, W, 3) uint8, into which the person is drawn, in place; without the head, but
                with the rest of the body.
            shown: (H, W, 3) uint8, the frame that shows them.
            person: the detection in this frame.
            body: (4,) box from head to feet.
            head: (3,) centre and radius; nan if not known.
            hide: whether to remove the detail of the head.
            plain: grey level of the whole person; None: their own colours.

        Returns:
            (H, W) uint8, 0 to 255, the silhouette that was drawn; None if it lies outside the
            frame.
        """
        tall = float(body[3] - body[1])
        margin = _FADE * tall
        h, w = rgb.shape[:2]
        x0, x1 = (int(np.clip(v, 0, w)) for v in (person.box[0] - margin, person.box[2] + margin))
        y0, y1 = (int(np.clip(v, 0, h)) for v in (person.box[1] - margin, person.box[3] + margin))
        if x1 <= x0 or y1 <= y0:
            return None
        size = x1 - x0, y1 - y0
        pixels = shown[y0:y1, x0:x1].copy()
        matte = person.matte.drawn(x0, y0, *size)
        alpha = ((matte - _FAINT) / _EDGE).clip(0, 1)
        if hide:
            known = np.isfinite(head).all()
            place = head - [x0, y0, 0] if known else _guessed(person, x0, y0)
            hide_head(pixels, alpha, place)
        if plain is not None:
            pixels[:] = plain
            alpha = np.float32(matte > _ANYTHING)  # faint parts may show clothes as well
            alpha = cv2.dilate(alpha, None, iterations=max(1, round(_WIDER * tall)))
        part = rgb[y0:y1, x0:x1]
        pixels = cv2.blendLinear(pixels, np.ascontiguousarray(part), alpha, 1 - alpha)
        away = cv2.distanceTransform((alpha < 0.5).view(np.uint8), cv2.DIST_L2, 3)
        near = (1 - away / np.float32(margin)).clip(0, 1)[..., None]
        grid = np.stack(np.meshgrid(*map(np.arange, size)), axis=-1).astype(np.float32)
        places = grid + near * self._moved(grid + np.float32([x0, y0]), body, head)
        part[:] = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        alpha = cv2.remap(alpha, places, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        drawn = np.zeros((h, w), np.uint8)
        drawn[y0:y1, x0:x1] = np.rint(255 * alpha)
        return drawn

    def _moved(self, grid: np.ndarray, body: np.ndarray, head: np.ndarray) -> np.ndarray:
        """(h, w, 2) float32: for each place (h, w, 2) of a frame, the pixel that is drawn there; a
        head moves as a whole."""
        tall = float(body[3] - body[1])
        corner = np.float32([(body[0] + body[2] - tall) / 2, body[1]])
        cells = (grid - corner) * np.float32((_CELLS - 1) / tall)
        field = _sampled(self._field, cells)
        if np.isfinite(head).all():
            middle = _sampled(self._field, ((head[:2] - corner) * (_CELLS - 1) / tall)[None, None])
            apart = np.linalg.norm(grid - head[:2], axis=2) / head[2]
            near = (2 - apart).clip(0, 1)[..., None]
            field = near * middle + (1 - near) * field
        return np.float32(_AMPLITUDE * tall) * field.astype(np.float32)


def _sampled(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32: a field, smoothly interpolated at places (h, w, 2) in its cells."""
    return cv2.remap(
        field, places.astype(np.float32), None, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE
    )


def _guessed(person: Detection, x0: int, y0: int) -> np.ndarray:
    """(3,): where the head may be without landmarks: at the top of the box."""
    left, top, right, bottom = person.box
    radius = 0.15 * max(bottom - top, right - left) / 2 + 2
    return np.array([(left + right) / 2 - x0, top + radius - y0, 1.4 * radius])
