"""One person with another walker's gait, frame by frame, in their own pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from gait_demo.people.person import Person
from gait_demo.rendering.arms import ArmColours
from gait_demo.rendering.compositing import laid_over, silhouette_view
from gait_demo.rendering.cutout import Cutout
from gait_demo.rendering.depth import Depths
from gait_demo.rendering.ground import cast_shadow
from gait_demo.rendering.limbs import draw, outline_fields
from gait_demo.rendering.rig import Pose
from gait_demo.rendering.texture import Sample, TextureMemory, shown_box
from gait_demo.types import SilhouetteClip

_LEARNT_FROM = 20  # samples, at most, that tell the colours of the arms
_MARGIN = 0.03  # heights around the new silhouette that are drawn

Veil = Callable[[np.ndarray, int, int, int], None]


class WalkerRenderer:
    """Draws one person; frames may be asked for in any order."""

    def __init__(
        self,
        person: Person,
        gait: SilhouetteClip,
        depths: Sequence[Depths],
        samples: Sequence[Sample],
        veil: Veil,
        fps: float,
    ):
        """
        Args:
            person: whose landmarks are known.
            gait: the new silhouettes and joints, in squares of the new stature.
            depths: which limbs are nearer, in each frame of the track.
            samples: of the person.
            veil: hides, in place, the heads in a part of a frame: its pixels, the frame's index,
                and the part's x and y.
        """
        seen = person.silhouettes
        self._person, self._gait, self._depths, self._veil = person, gait, depths, veil
        self._colours: ArmColours | None = None
        few = samples[:: -(-len(samples) // _LEARNT_FROM) or 1]
        looks = (look for one in few for look in self._cut_sample(one).parts.looks())
        self._colours = ArmColours.learnt(looks) if few else None
        self._memory = TextureMemory(samples, self._cut_sample, fps)
        # the frames whose pixels are drawn: where one does not show the person well, the nearest
        # that does
        self._sources = np.where(
            person.well, np.arange(len(seen)), [self._memory.source(n) for n in range(len(seen))]
        )
        self._fields = outline_fields(
            seen.masks[self._sources], seen.joints[self._sources, :, :2], gait.joints[..., :2],
            [depths[n] for n in self._sources], gait.masks,
        )  # fmt: skip

    def drawing(self, shown: np.ndarray, position: int) -> Callable[[np.ndarray, np.ndarray], bool]:
        """How the person is drawn into a frame, with a shadow under the feet.

        Args:
            shown: (H, W, 3) uint8, the frame, with heads hidden.
            position: in the person's track.

        Returns:
            What draws, in place, into (H, W, 3) uint8, and the silhouette into (H, W) uint8, 0 to
            255; in any thread. It says whether the person is drawn.
        """
        return partial(self._draw, shown=shown, position=position)

    def _draw(self, rgb: np.ndarray, binary: np.ndarray, shown: np.ndarray, position: int) -> bool:
        gait = self._gait
        square, outline = gait.squares[position], gait.masks[position]
        view = silhouette_view(outline, square, rgb.shape[:2], _MARGIN * (square[3] - square[1]))
        cutout = self._cutout(shown, position)
        if view is None or cutout is None:
            return False
        order, pose = self._depths[position].order, _pose(gait, position)
        nearest, field = self._memory.nearest(position), self._fields[position]
        others = [] if nearest is None else [lambda: nearest]
        cast_shadow(rgb, pose.points, pose.height)
        colours, alpha = draw(cutout, others, order, pose, outline, field, square, view)
        laid_over(rgb, colours, alpha, view)
        x, y, w, h = view
        part = binary[y : y + h, x : x + w]
        np.maximum(part, cv2.convertScaleAbs(alpha, alpha=255), out=part)
        return True

    def _cutout(self, rgb: np.ndarray, position: int) -> Cutout | None:
        """Of the frame itself, or of the sample that is drawn in its place."""
        person = self._person
        if self._sources[position] != position:
            return self._memory.nearest(position)
        if not person.seen[position]:
            return None
        x0, y0, x1, y1 = shown_box(person, position, rgb.shape[:2])
        return self._cut(rgb[y0:y1, x0:x1], x0, y0, position) if x1 > x0 and y1 > y0 else None

    def _cut_sample(self, sample: Sample) -> Cutout:
        rgb = sample.rgb()
        self._veil(rgb, self._person.track.first_frame + sample.position, sample.x, sample.y)
        return self._cut(rgb, sample.x, sample.y, sample.position)

    def _cut(self, rgb: np.ndarray, x: int, y: int, position: int) -> Cutout:
        h, w = rgb.shape[:2]
        matte = self._person.detections[position].matte.drawn(x, y, w, h)
        pose = _pose(self._person.silhouettes, position).moved(x, y)
        cutout = Cutout.of(rgb, matte, pose, self._depths[position])
        return cutout if self._colours is None else cutout.telling(self._colours)


def _pose(clip: SilhouetteClip, position: int) -> Pose:
    """In pixels of the frame, whose centres lie at whole numbers."""
    square = clip.squares[position]
    side = float(square[3] - square[1])
    joints = clip.joints[position]
    return Pose.of(square[:2] + side * joints[:, :2] - 0.5, side, joints[:, 2])
