import numpy as np
import pytest
import torch
from fixed import SECRET

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.pace import delays, nearest, retimed, timing
from gait_demo.types import SilhouetteClip

TIMES = np.arange(500) / 25
NOWHERE = np.zeros(500, bool)


def noise_of(seed: int) -> torch.Tensor:
    return noise_vector(SECRET, bytes(32), 0, seed, 32)


def test_delays_keep_within_their_bounds_at_any_frame_rate_and_length():
    for seed in range(50):
        late = delays(noise_of(seed), TIMES)
        assert 0 <= late.min() and 0.2 < late.max() <= 0.6
        assert abs(np.diff(late)).max() * 25 <= 0.35  # of the pace, at a moment
        np.testing.assert_allclose(delays(noise_of(seed), TIMES[:80]), late[:80], atol=1e-9)
        np.testing.assert_allclose(
            delays(noise_of(seed), np.arange(1000) / 50)[::2], late, atol=1e-9
        )
    assert delays(noise_of(0), np.zeros(1)).shape == (1,)


def test_paces_of_short_walks_differ_as_much_as_those_of_people():
    """The speed of 3 s, relative to the old one; 4 % is how much that of one person varies."""
    speeds = []
    for seed in range(300):
        _, moments = timing(delays(noise_of(seed), TIMES[:75]), TIMES[:75], 0, NOWHERE[:75])
        speeds.append((moments[-1] - moments[0]) / 74)
    assert 0.8 <= min(speeds) < 0.84 and 0.97 < max(speeds) <= 1 and np.std(speeds) > 0.04


@pytest.mark.parametrize("first", [0, 100])
def test_who_is_late_goes_the_same_way(first):
    late = delays(noise_of(1), TIMES)
    start, moments = timing(late, TIMES, first, np.zeros(250, bool))
    frames = start + np.arange(len(moments))
    shown = (first + moments) / 25
    assert 0 <= moments[0] < 1 and 248 < moments[-1] <= 249
    assert (np.diff(moments) > 0.6).all() and (np.diff(moments) < 1.4).all()
    assert ((TIMES[frames] - shown) >= -1e-9).all()
    if first:
        np.testing.assert_allclose(TIMES[frames] - shown, late[frames], atol=1e-6)
        assert start > first and frames[-1] > first + 249  # comes late, and stays longer
    else:
        assert start == 0 and moments[0] == 0  # nothing is known of the time before the shot


def test_there_is_no_delay_where_the_pose_is_kept_and_little_around():
    fixed = np.zeros(250, bool)
    fixed[120:150] = True
    start, moments = timing(np.full(500, 0.5), TIMES, 50, fixed)
    frames = start + np.arange(len(moments))
    late = frames - 50 - moments
    assert (late[np.isin(frames, np.arange(170, 200))] == 0).all()
    assert (abs(np.diff(late)) <= 0.2 + 1e-6).all() and late.max() == pytest.approx(12.5)
    assert timing(np.full(500, 0.5), TIMES, 50, np.ones(250, bool))[1].tolist() == list(range(250))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_shortest_tracks_are_shown(count):
    for first in (0, 30, 500 - count):
        start, moments = timing(np.full(500, 0.6), TIMES, first, np.zeros(count, bool))
        assert first <= start < 500 and len(moments) >= 1
        assert moments.min() >= 0 and moments.max() <= count - 1


def test_a_track_goes_on_after_its_last_frame_but_not_after_the_shot():
    late = np.full(500, 0.4)
    _, moments = timing(late, TIMES, 100, np.zeros(200, bool))
    assert moments[-1] == pytest.approx(199)
    start, moments = timing(late, TIMES, 300, np.zeros(200, bool))
    assert start + len(moments) == 500 and moments[-1] == pytest.approx(189)


def test_uneven_frame_rates_are_late_by_the_same_time():
    times = np.cumsum(np.random.default_rng(0).choice([0.01, 0.04, 0.3], 300))
    start, moments = timing(np.full(300, 0.5), times, 0, np.zeros(300, bool))
    shown = np.interp(moments, np.arange(300), times)
    np.testing.assert_allclose(
        times[start:] - shown, np.minimum(0.5, 0.2 * (times - times[0]))[start:], atol=1e-9
    )
    assert (np.diff(moments) > 0).all()


def test_retiming_interpolates_places_and_takes_the_nearest_silhouettes():
    masks = np.zeros((5, 64, 64), np.float32)
    masks[np.arange(5), 0, np.arange(5)] = 1
    squares = np.float32([[10 * n, 0, 64 + 10 * n, 64] for n in range(5)])
    joints = np.ones((5, 19, 3), np.float32)
    joints[:, :, 0] = np.arange(5)[:, None] / 10
    joints[2, 3, 2] = 0.0
    moments = np.array([0.0, 1.4, 1.6, 4.0])
    clip = retimed(SilhouetteClip(1, 7, masks, squares, joints), moments)
    assert nearest(moments).tolist() == [0, 1, 2, 4] == clip.masks[:, 0].argmax(axis=1).tolist()
    np.testing.assert_allclose(clip.squares[:, 0], 10 * moments, rtol=1e-6)
    np.testing.assert_allclose(clip.joints[:, 0, 0], moments / 10, rtol=1e-6)
    assert clip.joints[:, 3, 2].tolist() == [1, 0, 0, 1]  # seen only where both frames show it
