"""The frames of a result before encoding: the scene without its people, and new walkers in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

import cv2
import numpy as np

from gait_demo.options import Options
from gait_demo.pipeline.analysis import Analysis
from gait_demo.pipeline.clock import Clock
from gait_demo.pipeline.gaits import Gait, hidden_faces
from gait_demo.pipeline.models import Models
from gait_demo.pipeline.scene import Scene
from gait_demo.rendering.kept_pose import KeptPose
from gait_demo.rendering.painted import PLAIN, PaintedWalker
from gait_demo.rendering.walker import WalkerRenderer
from gait_demo.types import Frame, Progress

_THREADS = 2  # threads that draw frames, unless the options say otherwise
_WINDOW = 8  # maximum number of frames drawn at once
_WINDOW_BYTES = 50_000_000  # maximum size of these frames; twice as much is held at a time


@dataclass(frozen=True)
class RenderedFrame:
    """One frame of a result.

    Attributes:
        frame: the frame of the source.
        binary: (H, W) uint8, new silhouettes, white on black.
        colorized: (H, W, 3) uint8 RGB.
        covered: whether any person has another gait in it.
        kept: whether any person keeps their pose in it, with another outline.
        lost: whether any person is lost in this frame of the source: only the place where they
            should be is replaced.
        unchanged: track ids of people who are seen in it, but whose region looks the same after it
            was replaced by background: they may still be visible.
    """

    frame: Frame
    binary: np.ndarray
    colorized: np.ndarray
    covered: bool
    kept: bool
    lost: bool
    unchanged: tuple[int, ...]


Draw = Callable[[np.ndarray, np.ndarray], bool]


@dataclass(frozen=True)
class _Layer:
    """One person in one frame.

    Attributes:
        bottom: y of the feet in pixels; people whose feet are lower in the picture are nearer.
        changed: whether the person gets another gait.
        draw: draws into a colour frame and a binary frame, both in place; returns whether it drew
            anything.
    """

    bottom: float
    changed: bool
    draw: Draw


class FrameRenderer:
    """Draws people with new gaits in the scene of one video."""

    def __init__(
        self,
        analysis: Analysis,
        gaits: Sequence[Gait],
        models: Models,
        options: Options,
        clock: Clock,
    ):
        self._analysis, self._clock = analysis, clock
        chosen = [gait.person for gait in gaits]
        everyone = options.anonymize.person is None
        hide_face = options.colorize.hide_face
        removed = analysis.people if everyone else chosen
        self._scene = Scene(analysis, removed, hide_face, hidden_faces(analysis, options))
        self._threads = options.threads or _THREADS
        with clock.time("colorize"):
            self._walkers = [self._walker(gait, models, options) for gait in gaits]

    def frames(self, on_progress: Progress) -> Iterator[RenderedFrame]:
        """The frames in order; the same arguments give the same bits."""
        total = len(self._analysis.times)
        for rendered in _one_ahead(self._windows()):
            while True:
                with self._clock.time("composite"):
                    done = next(rendered, None)
                if done is None:
                    break
                on_progress("render", done.frame.index, total)
                yield done

    def _windows(self) -> Iterator[Iterator[RenderedFrame]]:
        """The frames of the result, window by window; several threads draw each window."""
        frames = self._clock.decoding(self._analysis.frames())
        size = 3 * self._analysis.info.width * self._analysis.info.height
        most = max(1, min(_WINDOW, _WINDOW_BYTES // size))
        with ThreadPoolExecutor(self._threads) as threads:
            while window := list(islice(frames, most)):
                yield threads.map(self._render, window, [self._layers(frame) for frame in window])

    def _walker(self, gait: Gait, models: Models, options: Options) -> _Walker:
        colorize, fps = options.colorize, float(self._analysis.info.fps)
        if colorize.colour == "sharp" and gait.depths is not None:
            numbers = (n for n, person in enumerate(self._analysis.people) if person is gait.person)
            samples = self._analysis.samples[next(numbers)]
            figure = WalkerRenderer(
                gait.person, gait.clip, gait.sources, gait.depths, samples, self._scene.redact, fps
            )
        else:
            cnet = None if colorize.colour == "plain" else models.cnet
            figure = PaintedWalker(
                gait.person, gait.clip, gait.sources, cnet, hide_face=colorize.hide_face
            )
        plain = round(255 * PLAIN) if colorize.colour == "plain" else None
        return _Walker(gait, figure, KeptPose(gait.noise), colorize.hide_face, plain)

    def _layers(self, frame: Frame) -> list[_Layer]:
        """The people to draw in a frame, the farthest first."""
        shown = self._scene.redacted(frame).rgb
        with self._clock.time("colorize"):
            layers = [walker.layer(frame.index, shown) for walker in self._walkers]
        return sorted(filter(None, layers), key=lambda layer: layer.bottom)

    def _render(self, frame: Frame, layers: list[_Layer]) -> RenderedFrame:
        """Renders one frame. Runs in several threads at once."""
        in_front = self._scene.in_front(frame)
        colorized, unchanged = self._scene.cleared(frame, in_front)
        binary = np.zeros(frame.rgb.shape[:2], np.uint8)
        drawn = [layer.changed for layer in layers if layer.draw(colorized, binary)]
        if in_front is not None:
            cv2.copyTo(frame.rgb, in_front, colorized)
        lost = any(walker.is_lost(frame.index) for walker in self._walkers)
        covered, kept = True in drawn, False in drawn
        return RenderedFrame(frame, binary, colorized, covered, kept, lost, tuple(unchanged))


@dataclass(frozen=True)
class _Walker:
    """One person to draw, with the two ways of drawing them.

    Attributes:
        new: draws them with the new gait; must be called frame by frame, in order.
        pose: draws them in the pose of the original, where there is no delay.
        plain: grey level to draw a kept pose in; None: its own colours.
    """

    gait: Gait
    new: WalkerRenderer | PaintedWalker
    pose: KeptPose
    hide_face: bool
    plain: int | None

    def layer(self, index: int, shown: np.ndarray) -> _Layer | None:
        """
        Args:
            shown: (H, W, 3) uint8, the original frame with overlays removed and, if faces are to
                be hidden, heads hidden.

        Returns:
            None if the person is not drawn in this frame.
        """
        person, position = self.gait.person, self.gait.person.position(index)
        if position is not None:
            self.new.keep(shown, position)
        number = index - self.gait.clip.first_frame
        if not 0 <= number < len(self.gait) or not self.gait.drawn[number]:
            return None
        source = self.gait.sources[number]
        changed = not person.keeps_pose[source]
        draw = self.new.drawing(number) if changed else partial(
            self._draw_pose, shown=shown, position=source
        )  # fmt: skip
        bottom = float(self.gait.clip.squares[number][3])
        return None if draw is None else _Layer(bottom, changed, draw)

    def is_lost(self, index: int) -> bool:
        position = self.gait.person.position(index)
        return position is not None and bool(self.gait.person.lost_between[position])

    def _draw_pose(
        self, rgb: np.ndarray, binary: np.ndarray, shown: np.ndarray, position: int
    ) -> bool:
        person, n = self.gait.person, position
        drawn = self.pose.draw(
            rgb, shown, person.detections[n], person.track.xyxy[n], person.heads[n],
            self.hide_face, self.plain,
        )  # fmt: skip
        if drawn is not None:
            np.maximum(binary, drawn, out=binary)
        return drawn is not None


def _one_ahead(items: Iterator[Iterator[RenderedFrame]]) -> Iterator[Iterator[RenderedFrame]]:
    """The same items; each is requested before the one before it is yielded, so that the threads
    work on the next window meanwhile."""
    ready = next(items, None)
    while ready is not None:
        following = next(items, None)
        yield ready
        ready = following
