"""The frames that an analysis keeps on disk."""

import resource

import cv2
import numpy as np
import pytest
import scenes

from gait_demo.errors import VideoError
from gait_demo.pipeline.images import FrameStore

SHAPE = 90, 160


@pytest.fixture(scope="module")
def pictures():
    return [scenes.background(*SHAPE, seed=seed) for seed in range(5)]


def apart(one, other):
    return np.abs(one.astype(int) - other).mean()


def test_frames_come_back_in_any_order_and_leave_no_file(pictures, tmp_path):
    with FrameStore(tmp_path, SHAPE) as store:
        for rgb in pictures:
            store.append(rgb)
        assert store.scale == 1 and len(store) == 5
        for index in (3, 0, 4, 3):
            assert store[index].shape == (*SHAPE, 3) and store[index].dtype == np.uint8
            assert apart(store[index], pictures[index]) < 4
            others = [apart(store[index], rgb) for n, rgb in enumerate(pictures) if n != index]
            assert min(others) > 10
        store.append(pictures[0][::-1])
        assert apart(store[5], pictures[0][::-1]) < 4 and len(store) == 6
        assert apart(store[1], pictures[1]) < 4
    assert not list(tmp_path.iterdir())


def test_red_stays_red(tmp_path):
    red = np.zeros((*SHAPE, 3), np.uint8)
    red[..., 0] = 200
    with FrameStore(tmp_path, SHAPE) as store:
        store.append(red)
        assert np.abs(store[0].mean(axis=(0, 1)) - [200, 0, 0]).max() < 4


def test_large_frames_are_kept_smaller(tmp_path):
    large = cv2.resize(scenes.background(*SHAPE), (2560, 1440), interpolation=cv2.INTER_CUBIC)
    with FrameStore(tmp_path, large.shape[:2]) as store:
        store.append(large)
        assert store.scale == 0.5 and store[0].shape == (720, 1280, 3)
        small = cv2.resize(large, (1280, 720), interpolation=cv2.INTER_AREA)
        assert apart(store[0], small) < 4


def test_a_full_disk_is_told(pictures, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with FrameStore(tmp_path, SHAPE) as store:
            with pytest.raises(VideoError, match="cannot be analysed: File too large"):
                for _ in range(20):
                    store.append(pictures[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
