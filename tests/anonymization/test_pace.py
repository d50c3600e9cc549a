import numpy as np
import pytest
import torch
from fixed import SECRET

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.pace import Timing, place_delays, pose_delays, retimed, timing
from gait_demo.types import SilhouetteClip

TIMES = np.arange(500) / 25
NOWHERE = np.zeros(500, bool)


def noise_of(seed: int) -> torch.Tensor:
    return noise_vector(SECRET, bytes(32), 0, seed, 32)


@pytest.mark.parametrize("delays", [place_delays, pose_delays])
def test_delays_keep_within_their_bounds_at_any_frame_rate_and_length(delays):
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
    """Speed and cadence of 3 s, relative to the old ones; 4 % is how much the speed of one person
    varies. The length of strides, which is their ratio, gets longer or shorter."""
    paces = []
    for seed in range(300):
        late = [delays(noise_of(seed), TIMES[:75]) for delays in (place_delays, pose_delays)]
        walk = timing(*late, TIMES[:75], NOWHERE[:75], NOWHERE[:75])
        paces.append([(moments[-1] - moments[0]) / 74 for moments in (walk.places, walk.poses)])
    speeds, cadences = np.transpose(paces)
    for pace in (speeds, cadences):
        assert 0.8 <= min(pace) < 0.84 and 0.97 < max(pace) <= 1 and np.std(pace) > 0.04
    strides = speeds / cadences
    assert min(strides) < 0.88 and max(strides) > 1.12 and np.std(strides) > 0.05
    assert abs(np.corrcoef(speeds, cadences)[0, 1]) < 0.15


def test_who_is_late_goes_the_same_way_and_stays_longer():
    late = place_delays(noise_of(1), TIMES)
    moments = timing(late, late, TIMES, NOWHERE[:250], NOWHERE[:250]).places
    behind = TIMES[: len(moments)] - moments / 25
    assert moments[0] == 0 and 248 < moments[-1] <= 249 and len(moments) > 250
    assert (np.diff(moments) > 0.6).all() and (np.diff(moments) < 1.4).all()
    assert (behind >= -1e-9).all() and (behind <= 0.2 * TIMES[: len(moments)] + 1e-9).all()
    np.testing.assert_allclose(behind[75:], late[75 : len(moments)], atol=1e-6)


def test_there_is_no_delay_where_the_pose_is_kept_and_little_around():
    fixed = NOWHERE[:250].copy()
    fixed[120:150] = True
    late = np.full(500, 0.5)
    walk = timing(late, late, TIMES, fixed, fixed)
    for moments in (walk.places, walk.poses):
        late = np.arange(len(walk)) - moments
        assert (late[120:150] == 0).all() and late[0] == 0
        assert (abs(np.diff(late)) <= 0.2 + 1e-6).all() and late.max() == pytest.approx(12.5)
    walk = timing(np.full(500, 0.5), np.full(500, 0.3), TIMES, ~NOWHERE[:250], ~NOWHERE[:250])
    assert walk.places.tolist() == walk.poses.tolist() == list(range(250))
    walk = timing(np.full(500, 0.5), np.full(500, 0.3), TIMES, ~NOWHERE[:250], fixed)
    assert walk.places.tolist() == list(range(250))
    assert (np.arange(250) - walk.poses).max() == pytest.approx(7.5)


def test_kept_poses_are_of_their_own_frame_and_the_first_frame_always_counts():
    rng = np.random.default_rng(0)
    for _ in range(300):
        times = np.cumsum(rng.choice([0.01, 0.04, 0.3], rng.integers(1, 80)))
        count = rng.integers(1, len(times) + 1)
        kept, others, together = rng.random((3, count)) < rng.choice([0, 0.05, 0.5])
        late = rng.uniform(0, 0.6, (2, len(times))).cumsum(axis=1) % 0.6
        last = max([rng.integers(count), *np.flatnonzero(kept)])
        walk = timing(*late, times, others, kept, together, last)
        sources, fixed = walk.sources, kept
        assert count <= len(walk) <= len(times) and sources[0] == 0
        assert (sources[np.flatnonzero(fixed)] == np.flatnonzero(fixed)).all()
        shown = np.flatnonzero(fixed[sources] & (walk.places <= last))
        assert (sources[shown] == shown).all()
        for moments in (walk.places, walk.poses):
            assert (moments >= 0).all() and (moments <= count - 1).all()


def test_a_track_goes_on_after_its_last_frame_but_not_after_the_shot():
    late = np.full(500, 0.4)
    walk = timing(late, late, TIMES, NOWHERE[:200], NOWHERE[:200])
    assert len(walk) == 210 and walk.places[-1] == walk.poses[-1] == pytest.approx(199)
    walk = timing(late, late, TIMES, NOWHERE, NOWHERE)
    assert len(walk) == 500 and walk.places[-1] == pytest.approx(489)


def test_who_is_late_walks_on_until_they_are_gone():
    """The pose, which is not late, does not come to its end before the place does."""
    walk = timing(np.full(500, 0.6), np.zeros(500), TIMES, NOWHERE[:250], NOWHERE[:250])
    assert len(walk) == 265 and walk.poses[-1] == pytest.approx(249)
    np.testing.assert_allclose(np.diff(walk.poses)[:180], 1)
    np.testing.assert_allclose(np.diff(walk.poses)[-70:], 0.8)


def test_poses_stop_no_sooner_than_places_where_the_person_was_seen_last():
    """The track goes on for a while after it."""
    late = place_delays(noise_of(3), TIMES), pose_delays(noise_of(3), TIMES)
    walk = timing(*late, TIMES, NOWHERE[:250], NOWHERE[:250], last=200)
    there = np.searchsorted(walk.places, 200)
    assert walk.poses[there - 1] <= 200 + 1e-9
    assert (np.diff(walk.poses[: there - 1]) > 0.6).all()
    # where nobody is drawn they go on, as a foot that stood would seem to slide
    after = np.diff(walk.poses[there:])
    assert after[:-30].min() > 0.6 and walk.poses[-1] <= 249


def test_places_and_poses_meet_where_they_must_and_part_slowly():
    together = NOWHERE[:250].copy()
    together[120:140] = True
    for seed in range(20):
        late = place_delays(noise_of(seed), TIMES), pose_delays(noise_of(seed), TIMES)
        free = timing(*late, TIMES, NOWHERE[:250], NOWHERE[:250])
        walk = timing(*late, TIMES, NOWHERE[:250], NOWHERE[:250], together)
        apart = np.abs(walk.poses - walk.places)
        met = (walk.places >= 120) & (walk.places <= 139)
        assert apart[met].max() < 0.11 and met.sum() >= 15  # frames
        away = np.minimum(np.abs(walk.places - 120), np.abs(walk.places - 139))
        assert (apart[~met] <= 0.2 * away[~met] + 0.11).all()
        far = away > 80
        np.testing.assert_allclose(walk.poses[far], free.poses[far])
        for each in (free, walk):  # drawing keeps pixels until their frame has been drawn
            assert (np.diff(each.sources) >= 0).all()
            assert (each.poses <= np.arange(len(each)) + 1e-9).all()


def test_uneven_frame_rates_are_late_by_the_same_time():
    times = np.cumsum(np.random.default_rng(0).choice([0.01, 0.04, 0.3], 300))
    late = np.full(300, 0.5)
    moments = timing(late, late, times, *np.zeros((2, 300), bool)).places
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
    old = SilhouetteClip(1, 7, masks, squares, joints)
    assert np.array_equal(retimed(old, Timing.same(np.arange(5.0))).joints, joints)
    places, poses = np.array([[0.5, 1.0, 1.5, 4.0], [0.0, 1.4, 1.6, 4.0]])
    clip = retimed(old, Timing(places, poses))
    assert clip.masks[:, 0].argmax(axis=1).tolist() == [0, 1, 2, 4]
    np.testing.assert_allclose(clip.squares[:, 0], 10 * places, rtol=1e-6)
    np.testing.assert_allclose(clip.joints[:, 0, 0], poses / 10, rtol=1e-6)
    assert clip.joints[:, 3, 2].tolist() == [1, 0, 0, 1]  # seen only where both frames show it
