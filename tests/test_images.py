"""The images that an analysis keeps on disk."""

import resource

import numpy as np
import pytest

from gait_demo.errors import VideoError
from gait_demo.pipeline.images import WorkingImages


@pytest.fixture
def small():
    return list(np.random.default_rng(0).integers(0, 256, (5, 27, 48, 3), np.uint8))


def test_they_come_back_in_any_order_and_leave_no_file(small, tmp_path):
    with WorkingImages(tmp_path, (27, 48)) as images:
        for image in small:
            images.append(image)
        assert np.array_equal(images[3], small[3])
        assert np.array_equal(list(images.read()), small)
        images.append(small[0][::-1])
        assert np.array_equal(images[5], small[0][::-1]) and len(images) == 6
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(small, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (small[0].nbytes, hard))
    try:
        with WorkingImages(tmp_path, (27, 48)) as images:
            images.append(small[0])
            with pytest.raises(VideoError, match="cannot be analysed: File too large"):
                images.append(small[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
