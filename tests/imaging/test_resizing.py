"""Images of other sizes."""

import cv2
import numpy as np
import pytest

from gait_demo.imaging.resizing import scaling


@pytest.mark.parametrize("scale", [0.5, 2, 3])
def test_scaling_places_pixels_where_resizing_does(scale):
    ramp = np.tile(np.arange(40, dtype=np.float32), (30, 1))
    resized = cv2.resize(ramp, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    size = resized.shape[::-1]
    warped = cv2.warpAffine(ramp, scaling(scale)[:2], size, flags=cv2.INTER_LINEAR)
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(warped - resized)[inner].max() < 0.05
