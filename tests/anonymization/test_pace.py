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
        moments = timing(delays(noise_of(seed), TIMES[:75]), TIMES[:75], NOWHERE[:75])
        speeds.append((moments[-1] - moments[0]) / 74)
    assert 0.8 <= min(speeds) < 0.84 and 0.97 < max(speeds) <= 1 and np.std(speeds) > 0.04


def test_who_is_late_goes_the_same_way_and_stays_longer():
    late = delays(noise_of(1), TIMES)
    moments = timing(late, TIMES, NOWHERE[:250])
    behind = TIMES[: len(moments)] - moments / 25
    assert moments[0] == 0 and 248 < moments[-1] <= 249 and len(moments) > 250
    assert (np.diff(moments) > 0.6).all() and (np.diff(moments) < 1.4).all()
    assert (behind >= -1e-9).all() and (behind <= 0.2 * TIMES[: len(moments)] + 1e-9).all()
    np.testing.assert_allclose(behind[75:], late[75 : len(moments)], atol=1e-6)


def test_there_is_no_delay_where_the_pose_is_kept_and_little_around():
    fixed = NOWHERE[:250].copy()
    fixed[120:150] = True
    moments = timing(np.full(500, 0.5), TIMES, fixed)
    late = np.arange(len(moments)) - moments
    assert (late[120:150] == 0).all() and late[0] == 0
    assert (abs(np.diff(late)) <= 0.2 + 1e-6).all() and late.max() == pytest.approx(12.5)
    assert timing(np.full(500, 0.5), TIMES, ~NOWHERE[:250]).tolist() == list(range(250))


def test_kept_poses_are_of_their_own_frame_and_the_first_frame_always_counts():
    rng = np.random.default_rng(0)
    for _ in range(300):
        times = np.cumsum(rng.choice([0.01, 0.04, 0.3], rng.integers(1, 80)))
        count = rng.integers(1, len(times) + 1)
        fixed = rng.random(count) < rng.choice([0, 0.05, 0.5])
        moments = timing(rng.uniform(0, 0.6, len(times)).cumsum() % 0.6, times, fixed)
        sources = nearest(moments)
        assert count <= len(moments) <= len(times) and sources[0] == 0
        assert (sources[np.flatnonzero(fixed)] == np.flatnonzero(fixed)).all()
        shown = np.flatnonzero(fixed[sources])
        assert (sources[shown] == shown).all()
        assert (moments >= 0).all() and (moments <= count - 1).all()


def test_a_track_goes_on_after_its_last_frame_but_not_after_the_shot():
    late = np.full(500, 0.4)
    moments = timing(late, TIMES, NOWHERE[:200])
    assert len(moments) == 210 and moments[-1] == pytest.approx(199)
    moments = timing(late, TIMES, NOWHERE)
    assert len(moments) == 500 and moments[-1] == pytest.approx(489)


def test_uneven_frame_rates_are_late_by_the_same_time():
    times = np.cumsum(np.random.default_rng(0).choice([0.01, 0.04, 0.3], 300))
    moments = timing(np.full(300, 0.5), times, np.zeros(300, bool))
    shown = np.interp(moments, np.arange(300), times)
    np.testing.assert_allclose(times - shown, np.minimum(0.5, 0.2 * (times - times[0])), atol=1e-9)
    assert (np.diff(moments) > 0).all()


def test_retiming_interpolates_places_and_takes_the_nearest_silhouettes():
    masks = np.zeros((5, 64, 64), np.float32)
    masks[np.arange(5), 0, np.arange(5)] = 1
    squares = np.float32([[10 * n, 0, 64 + 10 * n, 64] for n in range(5)])
    joints = np.ones((5, 19, 3), np.float32)
    joints[:, :, 0] = np.arange(5)[:, None] / 10
    joints[2, 3, 2] = 0.0
    moments = np.array([0.0, 1.4, 1.6, 4.0])
    assert np.array_equal(retimed(SilhouetteClip(1, 7, masks, squares, joints),
                                  np.arange(5.0)).joints, joints)  # fmt: skip
    clip = retimed(SilhouetteClip(1, 7, masks, squares, joints), moments)
    assert nearest(moments).tolist() == [0, 1, 2, 4] == clip.masks[:, 0].argmax(axis=1).tolist()
    np.testing.assert_allclose(clip.squares[:, 0], 10 * moments, rtol=1e-6)
    np.testing.assert_allclose(clip.joints[:, 0, 0], moments / 10, rtol=1e-6)
    assert clip.joints[:, 3, 2].tolist() == [1, 0, 0, 1]  # seen only where both frames show it
