"""Pictures packed as JPEG."""

import numpy as np

from gait_demo.imaging.jpeg import packed, unpacked


def test_a_packed_picture_comes_back_with_its_colours():
    y, x = np.mgrid[0:48, 0:64]
    rgb = np.stack([4 * x, 5 * y, np.full_like(x, 30)], axis=-1).astype(np.uint8)
    jpeg = packed(rgb)
    assert len(jpeg) < rgb.nbytes / 4
    assert np.abs(unpacked(jpeg).astype(int) - rgb).max() <= 8
