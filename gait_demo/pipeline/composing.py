"""The half of a run that depends on the noise, up to the frames before they are encoded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.track import anonymize
from gait_demo.background.overlay import overlay_mask
from gait_demo.errors import NoPersonError
from gait_demo.joints import with_sides_of
from gait_demo.options import Options
from gait_demo.people.person import Person, prominent
from gait_demo.people.visibility import CONSEQUENCES, Visibility
from gait_demo.pipeline.analysis import Analysis, Progress
from gait_demo.pipeline.clock import Clock
from gait_demo.pipeline.erasing import Eraser
from gait_demo.pipeline.models import Models
from gait_demo.rendering.colorize import colorize
from gait_demo.rendering.compositing import paste, render_binary
from gait_demo.rendering.depth import depths_of
from gait_demo.rendering.ground import planted
from gait_demo.rendering.head import around_head, head_lines, hide_above, hide_head
from gait_demo.rendering.kept_pose import KeptPose
from gait_demo.rendering.texture import Sample
from gait_demo.rendering.walker import WalkerRenderer
from gait_demo.silhouettes.crops import crop_square
from gait_demo.types import SILHOUETTE_SIZE, Frame, SilhouetteClip

_THREADS = 2  # in which frames are drawn, unless the options say
_WINDOW = 8  # full frames that C-NET colours in one batch, and that are drawn at once, at most ...
_WINDOW_BYTES = 50_000_000  # ... and of these, while as many are given away
_PLAIN = 0.25  # grey of a walker whose clothes are not shown, of 1
_OVERLAY_PX = 3  # around a caption, that tell what is behind it
_HEAD_SHARE = 0.25  # of a person's box, from above: where no landmarks tell, the head may be there
_MOST_OVERLAID = 0.4  # of a person's matte, that a caption may cover
_OVERLAY_REACH = 0.1  # heights around people in which the picture may move with them
_AT_ONCE_S = 0.2  # seen in the picture together for longer, two are not one person


@dataclass(frozen=True)
class Composed:
    """One frame of a result.

    Attributes:
        frame: of the source.
        binary: (H, W) uint8, white on black.
        colorized: (H, W, 3) uint8 RGB.
        covered: whether somebody got another gait in it.
        kept: whether somebody kept the pose in it, with another outline.
        lost: whether somebody was lost in it, and their place was cleared.
        unchanged: track ids of people who were seen in it, and whose place looks as before after
            they were taken out: before such a background they may still be there.
    """

    frame: Frame
    binary: np.ndarray
    colorized: np.ndarray
    covered: bool
    kept: bool
    lost: bool
    unchanged: tuple[int, ...]


@dataclass(frozen=True)
class _Layer:
    """One person in one frame."""

    person: Person
    position: int  # in the person's track
    square: np.ndarray  # (4,) float32, of the silhouette that is drawn
    shown: np.ndarray  # (H, W, 3) uint8, the frame that shows it, with heads hidden
    alpha: np.ndarray | None = None  # (64, 64) float32, the new silhouette; None: the pose is kept
    crop: np.ndarray | None = None  # (64, 64, 3) float32, the old colours, for C-NET; or ...
    walker: WalkerRenderer | None = None  # ... draws the old pixels themselves
    pose: KeptPose | None = None  # draws the kept pose


def chosen_people(analysis: Analysis, options: Options) -> list[Person]:
    """Who is drawn anew: the most prominent who are large enough; or the one person of the
    options, and who may be the same, because the two are never seen together.

    Raises:
        NoPersonError: that person is not in the video.
    """
    wanted = options.anonymize.person
    if wanted is None:
        return prominent(analysis.people, options.people)
    chosen = [one for one in analysis.people if one.track.track_id == wanted]
    if not chosen:
        count = len(analysis.people)
        shown = "one person, number 1" if count == 1 else f"{count} people, numbers 1 to {count}"
        raise NoPersonError(f"There is no person {wanted} in the video, which shows {shown}.")
    fps = float(analysis.info.fps)
    return chosen + [other for other in analysis.people if _may_be(chosen[0], other, fps)]


def _may_be(person: Person, other: Person, fps: float) -> bool:
    """Whether another one may be the person, lost and found again under another number."""
    first = min(person.track.first_frame, other.track.first_frame)
    found = [np.pad(one.seen, (one.track.first_frame - first, 0)) for one in (person, other)]
    together = sum(map(np.logical_and, *found))
    return person is not other and together < _AT_ONCE_S * fps


class Composer:
    """Draws the chosen people of one video with the gaits that one seed gives them."""

    def __init__(self, analysis: Analysis, models: Models, options: Options, clock: Clock):
        self._analysis = analysis
        self._models = models
        self._people = chosen_people(analysis, options)
        everyone = options.anonymize.person is None
        self._eraser = Eraser(analysis, analysis.people if everyone else self._people)
        self._anonymize = options.anonymize
        self._clock = clock
        self._threads = options.threads or _THREADS
        self._colorize = options.colorize
        self._crops: dict[int, np.ndarray] = {}  # each person's latest look, for C-NET
        self._poses: list[KeptPose] = []
        fps = float(analysis.info.fps)
        self._guessed = [person.guessed(fps) for person in analysis.people]

    def frames(self, seed: int, on_progress: Progress) -> Iterator[Composed]:
        """The frames of the result: the same for the same video, models, options and seed."""
        gaits = self.gaits(seed, on_progress)
        total = len(self._analysis.times)
        for composed in _one_ahead(self._windows(gaits)):
            while True:
                with self._clock.time("composite"):
                    done = next(composed, None)
                if done is None:
                    break
                on_progress("render", done.frame.index, total)
                yield done

    def _windows(self, gaits: list[SilhouetteClip]) -> Iterator[Iterator[Composed]]:
        """The frames of the result, window by window, being drawn in threads of their own."""
        walkers = self._walkers(gaits)
        frames = self._clock.decoding(self._analysis.frames())
        size = 3 * self._analysis.info.width * self._analysis.info.height
        most = max(1, min(_WINDOW, _WINDOW_BYTES // size))
        with ThreadPoolExecutor(self._threads) as threads:
            while window := list(islice(frames, most)):
                shown = [self._veiled(frame) for frame in window]
                layers = [self._layers(frame, gaits, walkers) for frame in shown]
                yield threads.map(self._compose, window, layers, self._colours(layers))

    def gaits(self, seed: int, on_progress: Progress) -> list[SilhouetteClip]:
        """The new silhouettes, and joints, of everybody chosen."""
        gaits = []
        self._poses = []
        options, fps = self._anonymize, float(self._analysis.info.fps)
        anonymizer = self._models.anonymizer(options.anonymizer)
        for done, person in enumerate(self._people):
            on_progress("anonymize", done, len(self._people))
            with self._clock.time("anonymize"):
                seen = person.silhouettes
                noise = noise_vector(
                    options.secret,
                    self._analysis.digest,
                    person.track.track_id,
                    seed,
                    anonymizer.noise_dim,
                )
                self._poses.append(KeptPose(noise.numpy()))
                strength = options.strength * person.changes(fps)
                made = anonymize(seen, anonymizer, noise, fps=fps, strength=strength)
                if _has_limbs(person, made):
                    made = replace(made, joints=with_sides_of(made.joints, seen.joints))
                    made = planted(made, seen, depths_of(_landmarks(person), fps), fps)
                gaits.append(made)
        return gaits

    def _walkers(self, gaits: list[SilhouetteClip]) -> list[WalkerRenderer | None]:
        """Of everybody chosen; None: their own pixels are not wanted, or their joints not known."""
        if self._colorize.colour != "sharp":
            return [None] * len(gaits)
        fps = float(self._analysis.info.fps)
        with self._clock.time("colorize"):
            return [
                WalkerRenderer(
                    person,
                    gait,
                    depths_of(_landmarks(person), fps),
                    self._samples(person),
                    self._veil,
                    fps,
                )
                if _has_limbs(person, gait)
                else None
                for person, gait in zip(self._people, gaits, strict=True)
            ]

    def _samples(self, person: Person) -> tuple[Sample, ...]:
        numbers = (n for n, one in enumerate(self._analysis.people) if one is person)
        return self._analysis.samples[next(numbers)]

    def _layers(
        self, frame: Frame, gaits: list[SilhouetteClip], walkers: list[WalkerRenderer | None]
    ) -> list[_Layer]:
        """The chosen people in a frame, the farthest, whose feet are highest, first."""
        layers = []
        for person, gait, walker, pose in zip(
            self._people, gaits, walkers, self._poses, strict=True
        ):
            position = person.position(frame.index)
            if position is None:
                continue
            if not CONSEQUENCES[Visibility(person.visibility[position])].drawn:
                continue
            here = person, position, gait.squares[position], frame.rgb
            if person.keeps_pose[position]:
                layers.append(_Layer(*here, pose=pose))
                continue
            alpha = gait.masks[position]
            if walker is not None:
                layers.append(_Layer(*here, alpha, walker=walker))
                continue
            if person.seen[position]:
                self._crops[person.track.track_id] = self._crop(frame, person, position)
            crop = self._crops.get(person.track.track_id)
            if crop is not None:  # else they were not seen yet
                layers.append(_Layer(*here, alpha, crop))
        return sorted(layers, key=lambda layer: layer.square[3])

    def _veiled(self, frame: Frame) -> Frame:
        """The frame that people are drawn from."""
        rgb = frame.rgb.copy()
        self._veil(rgb, frame.index, 0, 0)
        return replace(frame, rgb=rgb)

    def _veil(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        """Hides, in place, what must not move with people in a part of a frame whose corner is at
        (x, y): overlays, and all heads, as the matte of one person may hold the head of another."""
        self._hide_overlays(rgb, index, x, y)
        self._hide_heads(rgb, index, x, y)

    def _hide_overlays(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        """In front of people, by the colours around them."""
        mask = overlay_mask(self._analysis.overlays, index, rgb, x, y)
        if mask is None:
            return
        h, w = mask.shape
        for person in self._analysis.people:
            position = person.position(index)
            if position is None:
                continue
            one = person.detections[position]
            reach = _OVERLAY_REACH * one.height * np.float32([-1, -1, 1, 1])
            box = np.rint(one.box + reach - [x, y, x, y]).astype(int)
            x0, y0, x1, y1 = box.clip(0, [w, h, w, h])
            part = np.s_[y0:y1, x0:x1]
            if mask[part].any():
                hidden = cv2.dilate(mask[part], np.ones((3, 3), np.uint8))
                rgb[part] = cv2.inpaint(rgb[part], hidden, _OVERLAY_PX, cv2.INPAINT_TELEA)

    def _hide_heads(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        """Hides all heads, in place, in a part of a frame whose corner is at (x, y)."""
        if not self._colorize.hide_face:
            return
        for person, guessed in zip(self._analysis.people, self._guessed, strict=True):
            position = person.position(index)
            if position is None or not np.isfinite(person.heads[position]).all():
                continue
            head = person.heads[position] - np.float32([x, y, 0])
            x0, y0, x1, y1 = around_head(head, rgb.shape[:2])
            if x1 <= x0 or y1 <= y0:
                continue
            view = x + x0, y + y0, x1 - x0, y1 - y0
            part = rgb[y0:y1, x0:x1]
            before = part.copy()
            alpha = person.detections[position].matte.drawn(*view)
            hide_head(part, alpha, head - np.float32([x0, y0, 0]))
            if guessed[position]:  # wrong, perhaps, where somebody is seen
                in_front = self._seen_mattes(index, view)
                part[:] = cv2.blendLinear(
                    np.ascontiguousarray(part), before, 1 - in_front, in_front
                )

    def _seen_mattes(self, index: int, view: tuple[int, int, int, int]) -> np.ndarray:
        """(h, w) float32 in [0, 1]: everybody who is seen in a part (x, y, w, h) of a frame."""
        alpha = np.zeros(view[:1:-1], np.float32)
        for person in self._analysis.people:
            position = person.position(index)
            if position is not None and person.seen[position]:
                alpha = np.maximum(alpha, person.detections[position].matte.drawn(*view))
        return alpha

    def _crop(self, frame: Frame, person: Person, position: int) -> np.ndarray:
        """(64, 64, 3) float32 in [0, 1]: what C-NET sees of somebody."""
        square = person.silhouettes.squares[position]
        crop = crop_square(frame.rgb, square)
        if self._colorize.hide_face:
            cells = SILHOUETTE_SIZE / (square[3] - square[1])
            hide_above(crop, cells * (head_lines(person)[position] - square[1]), SILHOUETTE_SIZE)
        return crop

    def _colours(self, layers: list[list[_Layer]]) -> list[list[np.ndarray]]:
        """For each frame, the (64, 64, 3) colours of those of its layers that have a crop: C-NET's,
        or one grey."""
        bare = [[one for one in here if one.crop is not None] for here in layers]
        flat = [layer for here in bare for layer in here]
        if not flat:
            return bare
        if self._colorize.colour == "plain":
            colours = iter(np.full((len(flat), *flat[0].crop.shape), _PLAIN, np.float32))
        else:
            with self._clock.time("colorize"):
                crops = np.stack([layer.crop for layer in flat])
                alphas = np.stack([layer.alpha for layer in flat])
                colours = iter(colorize(crops, alphas, self._models.cnet))
        return [[next(colours) for _ in here] for here in bare]

    def _compose(self, frame: Frame, layers: list[_Layer], colours: list[np.ndarray]) -> Composed:
        """In a thread of its own, beside other frames."""
        colorized, next_colours = frame.rgb.copy(), iter(colours)
        unchanged = self._eraser.erase(colorized, frame.index)
        self._hide_overlays(colorized, frame.index, 0, 0)
        binary = np.zeros(frame.rgb.shape[:2], np.uint8)
        covered = kept = False
        for layer in layers:
            if layer.pose is not None:
                drawn = self._draw_pose(colorized, layer)
                if drawn is not None:
                    np.maximum(binary, drawn, out=binary)
                    kept = True
                continue
            covered = True
            if layer.walker is not None:
                layer.walker.lay_over(colorized, binary, layer.shown, layer.position)
                continue
            paste(colorized, next(next_colours), layer.alpha, layer.square)
            drawn = render_binary(frame.rgb.shape[:2], [(layer.alpha, layer.square)])
            np.maximum(binary, drawn, out=binary)
        self._lay_overlays_over(colorized, frame)
        lost = any(_is_lost(person, frame.index) for person in self._people)
        return Composed(frame, binary, colorized, covered, kept, lost, tuple(unchanged))

    def _lay_overlays_over(self, rgb: np.ndarray, frame: Frame) -> None:
        """In place, as they were filmed; but not where they would show much of a person, or
        anything of a head: what looks like a caption may be their clothes."""
        mask = overlay_mask(self._analysis.overlays, frame.index, frame.rgb)
        if mask is None:
            return
        h, w = mask.shape
        for person in self._analysis.people:
            position = person.position(frame.index)
            if position is None:
                continue
            one, head = person.detections[position], person.heads[position]
            x0, y0, x1, y1 = np.rint(one.box).astype(int).clip(0, [w, h, w, h])
            if not mask[y0:y1, x0:x1].any():
                continue
            part, inside = mask[y0:y1, x0:x1], one.matte.drawn(x0, y0, x1 - x0, y1 - y0) > 0.5
            if inside.any() and (part[inside] > 0).mean() > _MOST_OVERLAID:
                part[inside] = 0
            if not self._colorize.hide_face:
                continue
            if np.isfinite(head).all():
                x, y, radius = (round(float(v)) for v in head)
                cv2.circle(mask, (x, y), radius, 0, cv2.FILLED)
            else:
                part[: round(float(_HEAD_SHARE * (y1 - y0)))] = 0
        cv2.copyTo(frame.rgb, mask, rgb)

    def _draw_pose(self, rgb: np.ndarray, layer: _Layer) -> np.ndarray | None:
        person, n = layer.person, layer.position
        plain = round(255 * _PLAIN) if self._colorize.colour == "plain" else None
        return layer.pose.draw(
            rgb, layer.shown, person.detections[n], person.track.xyxy[n], person.heads[n],
            self._colorize.hide_face, plain,
        )  # fmt: skip


def _has_limbs(person: Person, gait: SilhouetteClip) -> bool:
    """Whether the joints of both the old and the new walker are known."""
    return person.silhouettes.joints is not None and gait.joints is not None


def _landmarks(person: Person) -> np.ndarray:
    return np.stack([one.landmarks for one in person.detections])


def _is_lost(person: Person, index: int) -> bool:
    position = person.position(index)
    return position is not None and bool(person.lost_between[position])


def _one_ahead(items: Iterator[Iterator[Composed]]) -> Iterator[Iterator[Composed]]:
    """The same, each of them begun before the one before it is given."""
    ready = next(items, None)
    while ready is not None:
        following = next(items, None)
        yield ready
        ready = following
