"""A picture of a frame in which the tracked people are numbered."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from gait_demo.imaging.boxes import intersection_area
from gait_demo.types import Track

_BADGE = 0.06  # radius, as a share of the frame's shorter side
_LEAST_PX = 12  # minimum radius
_DARK, _LIGHT = (16, 16, 16), (255, 255, 255)


def clearest_frame(tracks: Sequence[Track], shape: tuple[int, int]) -> int:
    """Index in the clip of the first frame that shows the most of all people.

    People who are partly outside the frame, or whose boxes overlap, count in part.

    Args:
        tracks: at least one.
        shape: height and width of the frames, pixels.
    """
    last = max(track.first_frame + len(track) for track in tracks)
    boxes = np.full((len(tracks), last, 4), np.nan)
    for row, track in zip(boxes, tracks, strict=True):
        row[track.first_frame :][: len(track)][track.found] = track.xyxy[track.found]
    height, width = shape
    area = intersection_area(boxes, boxes)
    seen = intersection_area(boxes, np.array([0.0, 0.0, width, height])) / area
    for n, own in enumerate(boxes):
        others = np.delete(boxes, n, axis=0)
        hidden = np.nan_to_num(intersection_area(own, others) / area[n]).max(axis=0, initial=0)
        seen[n] *= 1 - hidden
    return int(np.nansum(seen, axis=0).round(2).argmax())


def number_people(rgb: np.ndarray, tracks: Sequence[Track], index: int) -> np.ndarray:
    """Draws a box around each person found in a frame, with the track id above.

    Args:
        rgb: (H, W, 3) uint8, the clip's frame `index`; not changed.

    Returns:
        (H, W, 3) uint8; the numbers can be read on light and on dark ground.
    """
    picture = rgb.copy()
    height, width = rgb.shape[:2]
    radius = max(_LEAST_PX, round(_BADGE * min(height, width)))
    line = max(1, radius // 10)
    here = [track for track in tracks if track.is_found(index)]
    boxes = [t.xyxy[index - t.first_frame] for t in here]
    for x0, y0, x1, y1 in np.round(boxes).astype(int).reshape(-1, 4).tolist():
        cv2.rectangle(picture, (x0, y0), (x1, y1), _DARK, 3 * line)
        cv2.rectangle(picture, (x0, y0), (x1, y1), _LIGHT, line)
    for track, (x0, y0, x1, _) in zip(here, boxes, strict=True):
        x = int(np.clip((x0 + x1) / 2, radius, max(radius, width - radius)))
        y = int(np.clip(y0 - radius, radius, max(radius, height - radius)))
        _badge(picture, str(track.track_id), (x, y), radius, line)
    return picture


def _badge(picture: np.ndarray, text: str, centre: tuple[int, int], radius: int, line: int) -> None:
    """A dark disc with a light rim and the text in its middle, in place."""
    cv2.circle(picture, centre, radius + line, _DARK, -1, cv2.LINE_AA)
    cv2.circle(picture, centre, radius, _LIGHT, -1, cv2.LINE_AA)
    cv2.circle(picture, centre, radius - line, _DARK, -1, cv2.LINE_AA)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, 2 * line
    (wide, tall), _ = cv2.getTextSize(text, font, 1, 1)
    scale = 1.25 * radius / max(wide, tall)
    (wide, tall), _ = cv2.getTextSize(text, font, scale, thick)
    at = (centre[0] - wide // 2, centre[1] + tall // 2)
    cv2.putText(picture, text, at, font, scale, _LIGHT, thick, cv2.LINE_AA)
