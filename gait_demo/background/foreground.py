"""Foreground: what differs from the background plate by more than shadows and changes of light."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

_USABLE = 0.3  # minimum share of the pixels from which a channel's gain is estimated
_AGREEING = 0.5  # minimum share of these pixels that the gain must explain ...
_AS_MUCH = 0.15  # ... up to this relative error
_GAINS = 0.02, 4.0  # limits: from the end of a fade to a lamp that is switched on
_WHITE, _WHITE_SHARE = 250, 0.9  # level of overexposure, and share of pixels beyond it in a flash
_SAMPLES = 60  # number of pixels along the width from which gains are estimated
_LUMA_FLOOR = 5.0  # levels: difference of brightness that noise may always cause
_CHROMA_FLOOR = 3.5  # the same for the mean of Cr and Cb
_WEAK, _STRONG = 1.8, 3.2  # hysteresis thresholds, in units of the expected deviation
_EDGE = 0.35  # share of the largest deviation nearby: below it is only the blurred edge
_SHADOW_RATIO = (0.42, 1.2)  # brightness of a shadow or reflection, relative to the background
_SHADOW_CHROMA = 7.0  # levels: maximum change of Cr and Cb that either causes
_SHADOW_DARKER = 1.0  # minimum deviation of a shadow, in the same units: its edge fades away
_SHADOW_TEXTURE = 0.06  # maximum deviation of the log ratio of brightness in a 5x5 window
_HOLE_SHARE = 0.012  # of a blob's area: larger holes are gaps between limbs
_SPECK_SHARE = 1.2e-4  # of the frame's area: smaller blobs are noise


def pack(mask: np.ndarray) -> bytes:
    """Compresses a mask (h, w) of 0 and 1."""
    return zlib.compress(np.packbits(mask).tobytes(), 1)


def unpack(packed: bytes, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8, 0 or 1: the inverse of `pack`."""
    bits = np.frombuffer(zlib.decompress(packed), np.uint8)
    return np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape)


def channel_gains(
    image: np.ndarray, plate: np.ndarray, known: np.ndarray | None = None
) -> np.ndarray:
    """Brightness of the image relative to the plate: the median ratio of each channel.

    Args:
        image, plate: (h, w, 3) uint8.
        known: (h, w) uint8, not 0 where both show the same scene; None: nearly everywhere.

    Returns:
        (3,) float64; 1 for a channel that is too dark or too bright in most of the plate, or whose
        ratio too few pixels share.
    """
    step = max(1, image.shape[1] // _SAMPLES)
    sparse = np.s_[step // 2 :: step, step // 2 :: step]
    now, usual = (rgb[sparse].reshape(-1, 3).astype(np.float32) for rgb in (image, plate))
    if known is not None:
        seen = known[sparse].reshape(-1) > 0
        now, usual = now[seen], usual[seen]
    gains = np.ones(3)
    if len(now) == 0:
        return gains
    for channel in range(3):
        ours, theirs = now[:, channel], usual[:, channel]
        usable = (theirs > 16) & (theirs < 245)
        if (usable & (ours < _WHITE)).mean() > _USABLE:
            usable &= ours < _WHITE
            gain = np.median(ours[usable] / theirs[usable])
        elif usable.mean() > _USABLE:  # a flash
            gain = np.quantile(_WHITE / theirs[usable], _WHITE_SHARE)
        else:
            continue
        ours, theirs = ours[usable], np.minimum(gain * theirs[usable], 255)
        off = np.abs(ours - theirs) > _AS_MUCH * theirs + 1  # 1 level is rounding
        if off.mean() <= 1 - _AGREEING:
            gains[channel] = gain
    return gains.clip(*_GAINS)


def apply_gains(image: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """The image (h, w, 3) uint8 times one gain per channel (3,); the image itself if all gains are
    within 1 % of 1."""
    if np.abs(gains - 1).max() < 0.01:
        return image
    levels = np.arange(256)[:, None] * gains
    return cv2.LUT(image, np.clip(np.rint(levels), 0, 255).astype(np.uint8)[:, None])


def find_foreground(
    image: np.ndarray, plate: np.ndarray, noise: np.ndarray, shaking: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Separates the foreground of an image from a background plate in the same pixels.

    The plate is first brought to the exposure and white balance of the image.

    Args:
        image, plate: (h, w, 3) uint8.
        noise: (h, w) float32, median absolute deviation of brightness in the background.
        shaking: whether the two may be misaligned by a pixel: each pixel is then compared with its
            neighbours in the plate as well.

    Returns:
        Two masks (h, w) uint8, 0 or 1: the foreground as whole blobs, without cast shadows, specks
        and small holes; and the cast shadows.
    """
    plate = apply_gains(plate, channel_gains(image, plate))
    ours = cv2.cvtColor(cv2.GaussianBlur(image, (3, 3), 0), cv2.COLOR_RGB2YCrCb)
    theirs = cv2.cvtColor(cv2.GaussianBlur(plate, (3, 3), 0), cv2.COLOR_RGB2YCrCb)
    if shaking:
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        above = cv2.subtract(ours, cv2.dilate(theirs, cross))
        difference = cv2.max(above, cv2.subtract(cv2.erode(theirs, cross), ours))
    else:
        difference = cv2.absdiff(ours, theirs)
    luma, red, blue = cv2.split(difference)
    chroma = cv2.add(red, blue)
    sensitivity = 1 / np.maximum(2.5 * noise, _LUMA_FLOOR)
    deviation = cv2.multiply(luma, sensitivity, dtype=cv2.CV_32F)
    deviation = cv2.scaleAdd(chroma.astype(np.float32), 0.5 / _CHROMA_FLOOR, deviation)
    deviation = cv2.GaussianBlur(deviation, (5, 5), 0)

    mask = np.zeros(luma.shape, np.uint8)
    cast = _cast_shadow(ours, theirs)
    edge = cv2.max(cv2.dilate(deviation, np.ones((5, 5), np.uint8)) * _EDGE, _WEAK)
    weak = cv2.compare(deviation, edge, cv2.CMP_GT)
    weak = cv2.morphologyEx(weak, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    x, y, w, h = cv2.boundingRect(weak)
    if w * h == 0:
        return mask, mask.copy()
    part = np.s_[max(0, y - 4) : y + h + 4, max(0, x - 4) : x + w + 4]
    weak = weak[part] & ~cast[part]
    weak = cv2.morphologyEx(weak, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    weak = cv2.morphologyEx(weak, cv2.MORPH_CLOSE, _disc(5))
    mask[part] = _whole_blobs(weak, cv2.compare(deviation[part], _STRONG, cv2.CMP_GT), mask.size)
    shadow = cast & cv2.compare(deviation, _SHADOW_DARKER, cv2.CMP_GT)
    shadow = cv2.morphologyEx(shadow, cv2.MORPH_OPEN, _disc(5))
    return mask, ((shadow > 0) & (mask == 0)).astype(np.uint8)


def _cast_shadow(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(h, w) uint8, 0 or 255: pixels of a YCrCb image that have the background's colour and are
    darker or slightly brighter, by a factor that varies smoothly."""
    levels = np.log(np.arange(256, dtype=np.float32) + 4)
    (luma, *colours), (plate_luma, *plate_colours) = cv2.split(ours), cv2.split(theirs)
    ratio = cv2.LUT(luma, levels) - cv2.LUT(plate_luma, levels)
    mean = cv2.blur(ratio, (5, 5))
    spread = cv2.blur(ratio * ratio, (5, 5)) - mean * mean
    low, high = np.log(_SHADOW_RATIO)
    darker = cv2.inRange(mean, float(low), float(high))
    smooth = cv2.compare(spread, _SHADOW_TEXTURE**2, cv2.CMP_LT)
    factor, change = cv2.exp(mean), 0
    for colour, plate_colour in zip(colours, plate_colours, strict=True):
        expected = (plate_colour - np.float32(128)) * factor
        change = change + np.abs(colour - np.float32(128) - expected)
    return darker & smooth & cv2.compare(change, _SHADOW_CHROMA, cv2.CMP_LT)


def _whole_blobs(weak: np.ndarray, strong: np.ndarray, frame_area: int) -> np.ndarray:
    """Blobs of weak pixels that are no specks and of which more than a tenth is strong, with their
    small holes filled.

    Args:
        weak, strong: (h, w) uint8, 0 or 255.

    Returns:
        (h, w) uint8, 0 or 1.
    """
    smallest = max(6, _SPECK_SHARE * frame_area)
    how = {"connectivity": 8, "ltype": cv2.CV_16U}  # takes a third of the time of 32 bits
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, **how)
    mask = np.zeros_like(weak)
    for label in range(1, count):
        x, y, w, h, area = stats[label]
        if area < smallest:
            continue
        part = np.s_[y : y + h, x : x + w]
        blob = (labels[part] == label).view(np.uint8)
        if cv2.countNonZero(blob & strong[part]) > 0.1 * area:
            mask[part] |= _without_small_holes(blob, _HOLE_SHARE * area)
    return mask


def _without_small_holes(blob: np.ndarray, largest: float) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - blob, connectivity=4)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] <= max(8, largest):
            x, y, w, h, _ = stats[label]
            part = np.s_[y : y + h, x : x + w]
            blob[part] |= (labels[part] == label).view(np.uint8)
    return blob


def _disc(size: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
