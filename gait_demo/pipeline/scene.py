"""The frames without their people: the background behind them, and the overlays in front.

None of this depends on the noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from gait_demo.background.filling import grain_matched, light_matched
from gait_demo.background.overlay import overlay_mask
from gait_demo.background.plate import working_scale
from gait_demo.people.faces import UnknownFace
from gait_demo.people.person import Person
from gait_demo.people.segmenter import Matte
from gait_demo.pipeline.analysis import Analysis
from gait_demo.rendering.compositing import erase, region_of
from gait_demo.rendering.head import around_head, hide_head
from gait_demo.types import Frame

_SAME_LEVELS = 8  # a pixel whose channels change by no more than this looks the same
_SAMPLED_PX = 120  # pixels compared along the longer side of a region
_SAME_SHARE = 0.7  # of a person's region: where more looks the same, the person may still be there
_OVERLAY_PX = 3  # inpainting radius around a caption
_OVERLAY_REACH = 0.1  # margin around people, in body heights, whose pixels drawing may use
_HEAD_SHARE = 0.25  # upper share of a person's box that may hold the head, without landmarks
_MOST_OVERLAID = 0.4  # share of a person's matte that a caption may cover


class Scene:
    """The frames of one video without the people that are to be removed."""

    def __init__(
        self,
        analysis: Analysis,
        removed: Sequence[Person],
        hide_faces: bool,
        unknown_faces: Sequence[UnknownFace] = (),
    ):
        """
        Args:
            removed: people to remove.
            hide_faces: whether to hide the heads of all people, also of those not removed, in what
                people are drawn from.
            unknown_faces: faces of nobody who was found, to hide.
        """
        self._analysis, self._hide_faces = analysis, hide_faces
        wanted = {person.track.track_id for person in removed}
        fps = float(analysis.info.fps)
        self._stale = [person.stale(fps) for person in analysis.people]
        self._removed = [
            n for n, person in enumerate(analysis.people) if person.track.track_id in wanted
        ]
        self._unknown_faces = unknown_faces

    def cleared(self, frame: Frame, in_front: np.ndarray | None) -> tuple[np.ndarray, list[int]]:
        """A frame without the people to remove, without overlays around people, and with the
        unknown faces hidden.

        Args:
            in_front: (H, W) uint8 or None, what `in_front` says of the frame.

        Returns:
            (H, W, 3) uint8; and the track ids of people who are seen in the frame, but whose region
            looks the same after it was replaced and overlays were laid over it: they may still be
            visible.
        """
        rgb = frame.rgb.copy()
        unchanged = self._erase(rgb, frame.index, in_front)
        self._hide_overlays(rgb, frame.index, 0, 0)
        self._hide_unknown_faces(rgb, frame.index, 0, 0)
        return rgb, unchanged

    def redacted(self, frame: Frame) -> Frame:
        """The frame whose pixels people are drawn from; see `redact`."""
        rgb = frame.rgb.copy()
        self.redact(rgb, frame.index, 0, 0)
        return replace(frame, rgb=rgb)

    def redact(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        """Hides, in place, what must not be drawn with a person: overlays, unknown faces, and, if
        faces are to be hidden, the heads of all people, as the matte of one person may contain the
        head of another.

        Args:
            rgb: (h, w, 3) uint8, a part of a frame.
            index: of the frame.
            x, y: upper left corner of the part, in pixels of the frame.
        """
        self._hide_overlays(rgb, index, x, y)
        if self._hide_faces:
            self._hide_heads(rgb, index, x, y)
        self._hide_unknown_faces(rgb, index, x, y, behind=True)

    def in_front(self, frame: Frame) -> np.ndarray | None:
        """(H, W) uint8, 255 where the original frame's overlays are copied over the result: not
        where they cover much of a person or any of a head, because clothes may be mistaken for a
        caption, and not over a face. None if there are no overlays."""
        mask = overlay_mask(self._analysis.overlays, frame.index, frame.rgb)
        if mask is None:
            return None
        h, w = mask.shape
        for person, position in self._present(frame.index):
            detection, head = person.detections[position], person.heads[position]
            x0, y0, x1, y1 = np.rint(detection.box).astype(int).clip(0, [w, h, w, h])
            part = mask[y0:y1, x0:x1]
            if part.any():
                inside = detection.matte.drawn(x0, y0, x1 - x0, y1 - y0) > 0.5
                if inside.any() and (part[inside] > 0).mean() > _MOST_OVERLAID:
                    part[inside] = 0
            if not self._hide_faces:
                continue
            if np.isfinite(head).all():
                x, y, radius = (round(float(v)) for v in head)
                cv2.circle(mask, (x, y), radius, 0, cv2.FILLED)
            else:
                part[: round(float(_HEAD_SHARE * (y1 - y0)))] = 0
        for face in self._unknown_faces:
            if (head := face.head(frame.index)) is not None:
                x, y, radius = (round(float(v)) for v in head)
                cv2.circle(mask, (x, y), radius, 0, cv2.FILLED)
        return mask

    def _present(self, index: int) -> Iterator[tuple[Person, int]]:
        """The people whose tracks include a frame, each with the position of the frame in it."""
        for person in self._analysis.people:
            position = person.position(index)
            if position is not None:
                yield person, position

    def _erase(self, rgb: np.ndarray, index: int, in_front: np.ndarray | None) -> list[int]:
        """Removes people from a frame, in place; returns the track ids as in `cleared`."""
        shape, background = rgb.shape[:2], self._analysis.background
        scale, clean = working_scale(shape), self._analysis.clean.get(index)
        shown = None if clean is None else clean.decoded()
        unchanged = []
        for n in self._removed:
            person, removal = self._analysis.people[n], self._analysis.removals[index][n]
            region = removal and region_of(
                shape, removal.mask, removal.x, removal.y, scale, removal.height
            )
            if region is None:
                continue
            (h, w), x, y = region.mask.shape, region.x, region.y
            part = rgb[y : y + h, x : x + w]
            before = part.copy()
            if shown is None:
                behind = light_matched(background.crop(index, x, y, w, h), part, region.mask)
                behind = grain_matched(behind, part, region.mask, index)
            else:
                behind = clean.crop(shown, x, y, w, h)
            erase(rgb, behind, region)
            after = part
            if in_front is not None:
                after = cv2.copyTo(before, in_front[y : y + h, x : x + w], part.copy())
            if person.seen[person.position(index)] and _is_same(before, after, region.mask):
                unchanged.append(person.track.track_id)
        return unchanged

    def _hide_overlays(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        """Inpaints, in place, the overlays in front of people."""
        mask = overlay_mask(self._analysis.overlays, index, rgb, x, y)
        if mask is None:
            return
        h, w = mask.shape
        for person, position in self._present(index):
            detection = person.detections[position]
            reach = _OVERLAY_REACH * detection.height * np.float32([-1, -1, 1, 1])
            box = np.rint(detection.box + reach - [x, y, x, y]).astype(int)
            x0, y0, x1, y1 = box.clip(0, [w, h, w, h])
            part = np.s_[y0:y1, x0:x1]
            if mask[part].any():
                hidden = cv2.dilate(mask[part], np.ones((3, 3), np.uint8))
                rgb[part] = cv2.inpaint(rgb[part], hidden, _OVERLAY_PX, cv2.INPAINT_TELEA)

    def _hide_heads(self, rgb: np.ndarray, index: int, x: int, y: int) -> None:
        for person, stale in zip(self._analysis.people, self._stale, strict=True):
            position = person.position(index)
            if position is not None and np.isfinite(person.heads[position]).all():
                # a stale one is perhaps wrong: it must not hide other people who are seen
                head, matte = person.heads[position], person.detections[position].matte
                self._hide_head(rgb, index, x, y, head, matte, behind=stale[position])

    def _hide_unknown_faces(
        self, rgb: np.ndarray, index: int, x: int, y: int, *, behind: bool = False
    ) -> None:
        """`behind`: those that are not on somebody are behind the people who are seen."""
        for face in self._unknown_faces:
            if (head := face.head(index)) is not None:
                is_behind = behind and not face.is_on_person(index)
                self._hide_head(rgb, index, x, y, head, None, behind=is_behind)

    def _hide_head(
        self,
        rgb: np.ndarray,
        index: int,
        x: int,
        y: int,
        head: np.ndarray,
        matte: Matte | None,
        *,
        behind: bool,
    ) -> None:
        """Hides a head (3,) in a part of a frame, in place; arguments as for `redact`.

        Args:
            matte: whose pixels the head has; None: all of the disc.
            behind: whether people who are seen stay as they are.
        """
        head = head - np.float32([x, y, 0])
        x0, y0, x1, y1 = around_head(head, rgb.shape[:2])
        if x1 <= x0 or y1 <= y0:
            return
        view = x + x0, y + y0, x1 - x0, y1 - y0
        part = rgb[y0:y1, x0:x1]
        before = part.copy()
        alpha = np.zeros(part.shape[:2], np.float32) if matte is None else matte.drawn(*view)
        hide_head(part, alpha, head - np.float32([x0, y0, 0]))
        if behind:
            in_front = self._seen_mattes(index, view)
            part[:] = cv2.blendLinear(np.ascontiguousarray(part), before, 1 - in_front, in_front)

    def _seen_mattes(self, index: int, view: tuple[int, int, int, int]) -> np.ndarray:
        """(h, w) float32 in [0, 1]: the mattes of all people who are seen in a part (x, y, w, h) of
        a frame."""
        alpha = np.zeros(view[:1:-1], np.float32)
        for person, position in self._present(index):
            if person.seen[position]:
                alpha = np.maximum(alpha, person.detections[position].matte.drawn(*view))
        return alpha


def _is_same(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> bool:
    """Whether two pictures (h, w, 3) look the same in a mask (h, w), uint8, 0 or 255."""
    step = max(1, max(mask.shape) // _SAMPLED_PX)
    sparse = np.s_[::step, ::step]
    changed = cv2.absdiff(before[sparse].copy(), after[sparse].copy()).max(axis=2) > _SAME_LEVELS
    inside = changed[mask[sparse] > 0]
    return bool(len(inside) and inside.mean() < 1 - _SAME_SHARE)
