"""Pictures written as PNG."""

import cv2
import numpy as np

from gait_demo.imaging.png import write_png


def test_a_written_picture_keeps_every_value_and_its_colours(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    write_png(tmp_path / "picture", rgb)
    read = cv2.imread(str(tmp_path / "picture"), cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), rgb)
