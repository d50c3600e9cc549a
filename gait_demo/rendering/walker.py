"""One person with another walker's gait, frame by frame, in their own pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from gait_demo.people.person import Person
from gait_demo.rendering.arms import ArmColours
from gait_demo.rendering.compositing import laid_over, silhouette_view
from gait_demo.rendering.cutout import Cutout
from gait_demo.rendering.depth import Depths
from gait_demo.rendering.ground import cast_shadow
from gait_demo.rendering.limbs import draw, moved_silhouettes, outline_fields, reconciled
from gait_demo.rendering.rig import Pose
from gait_demo.rendering.texture import Sample, TextureMemory, shown_box
from gait_demo.types import SilhouetteClip

_LEARNT_FROM = 20  # maximum number of samples from which the colours of arms are learnt
_MARGIN = 0.03  # heights: margin around the new silhouette that is drawn

Redact = Callable[[np.ndarray, int, int, int], None]


@dataclass(frozen=True)
class _Patch:
    """Pixels (h, w, 3) uint8 around a person, and their upper left corner in the frame."""

    rgb: np.ndarray
    x: int
    y: int


class WalkerRenderer:
    """Draws one person, frame by frame."""

    def __init__(
        self,
        person: Person,
        gait: SilhouetteClip,
        sources: np.ndarray,
        depths: Sequence[Depths],
        samples: Sequence[Sample],
        redact: Redact,
        fps: float,
    ):
        """
        Args:
            person: the person to draw, with landmarks.
            gait: the new silhouettes and joints in T' frames, in squares of the new stature.
            sources: (T',) int, rising: for each of these frames, the position in the person's track
                whose pixels are drawn.
            depths: which limbs are nearer, in each frame of the track.
            samples: samples of the person.
            redact: removes, in place, what must not be drawn with the person from part of a frame;
                its arguments are the pixels, the frame's index, and the part's x and y.
        """
        seen = person.silhouettes
        self._person, self._gait, self._redact = person, gait, redact
        self._sources, self._depths = sources, depths
        self._colours: ArmColours | None = None
        few = samples[:: -(-len(samples) // _LEARNT_FROM) or 1]
        arms = (arm for sample in few for arm in self._cut_sample(sample).parts.arm_samples())
        self._colours = ArmColours.learnt(arms) if few else None
        self._memory = TextureMemory(samples, self._cut_sample, fps)
        # where a frame does not show the person's limbs, the nearest sample that does is drawn
        self._drawn = np.where(
            person.shows_limbs(fps)[sources], sources, [self._memory.source(n) for n in sources]
        )
        masks, orders = seen.masks[self._drawn], [depths[n] for n in self._drawn]
        old, new = seen.joints[self._drawn, :, :2], gait.joints[..., :2]
        limbs = moved_silhouettes(masks, old, new, orders)
        self._outlines = reconciled(gait.masks, new, limbs, fps)
        self._fields = outline_fields(masks, old, new, orders, self._outlines)
        self._wanted = set(sources[(self._drawn == sources) & ~person.keeps_pose[sources]].tolist())
        self._patches: dict[int, _Patch] = {}  # by position in the track

    def keep(self, shown: np.ndarray, position: int) -> None:
        """Keeps the person's pixels in a frame until they have been drawn; to be called for every
        frame of the track, in order.

        Args:
            shown: (H, W, 3) uint8, the frame, with heads hidden.
            position: of the frame in the track.
        """
        if position in self._wanted and self._person.seen[position]:
            x0, y0, x1, y1 = shown_box(self._person, position, shown.shape[:2])
            if x1 > x0 and y1 > y0:
                self._patches[position] = _Patch(shown[y0:y1, x0:x1].copy(), x0, y0)

    def drawing(self, number: int) -> Callable[[np.ndarray, np.ndarray], bool]:
        """Prepares drawing the person into a frame, with a shadow; to be called in order.

        Args:
            number: of the frame among the T'.

        Returns:
            A function, for any thread, that draws into (H, W, 3) uint8, and the silhouette into
            (H, W) uint8, 0 to 255, both in place; it returns whether the person was drawn.
        """
        source = self._sources[number]
        self._patches = {n: patch for n, patch in self._patches.items() if n >= source}
        return partial(self._draw, patch=self._patches.get(source), number=number)

    def _draw(self, rgb: np.ndarray, binary: np.ndarray, patch: _Patch | None, number: int) -> bool:
        gait, source = self._gait, self._sources[number]
        square, outline = gait.squares[number], self._outlines[number]
        view = silhouette_view(outline, square, rgb.shape[:2], _MARGIN * (square[3] - square[1]))
        cutout = self._cutout(patch, source, self._drawn[number])
        if view is None or cutout is None:
            return False
        order, pose = self._depths[source].order, _pose(gait, number)
        nearest, field = self._memory.nearest(source), self._fields[number]
        others = [] if nearest is None else [lambda: nearest]
        cast_shadow(rgb, pose.points, pose.height)
        colours, alpha = draw(cutout, others, order, pose, outline, field, square, view)
        laid_over(rgb, colours, alpha, view)
        x, y, w, h = view
        part = binary[y : y + h, x : x + w]
        np.maximum(part, cv2.convertScaleAbs(alpha, alpha=255), out=part)
        return True

    def _cutout(self, patch: _Patch | None, source: int, drawn: int) -> Cutout | None:
        """The cutout of the frame itself, or of the sample that is drawn in its place."""
        if drawn != source:
            return self._memory.nearest(source)
        return None if patch is None else self._cut(patch.rgb, patch.x, patch.y, source)

    def _cut_sample(self, sample: Sample) -> Cutout:
        rgb = sample.rgb()
        self._redact(rgb, self._person.track.first_frame + sample.position, sample.x, sample.y)
        return self._cut(rgb, sample.x, sample.y, sample.position)

    def _cut(self, rgb: np.ndarray, x: int, y: int, position: int) -> Cutout:
        h, w = rgb.shape[:2]
        matte = self._person.detections[position].matte.drawn(x, y, w, h)
        pose = _pose(self._person.silhouettes, position).moved(x, y)
        cutout = Cutout.of(rgb, matte, pose, self._depths[position])
        return cutout if self._colours is None else cutout.telling(self._colours)


def _pose(clip: SilhouetteClip, position: int) -> Pose:
    """The pose in pixels of the frame, whose centres lie at whole numbers."""
    square = clip.squares[position]
    side = float(square[3] - square[1])
    joints = clip.joints[position]
    return Pose.of(square[:2] + side * joints[:, :2] - 0.5, side, joints[:, 2])
