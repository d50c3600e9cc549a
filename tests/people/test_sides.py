"""Left and right limbs, told by how they move."""

import numpy as np
import pytest

from gait_demo.people.sides import legs_pass, untangled

LEFT_LEG, LEFT_ARM = [23, 25, 27, 29, 31], [11, 13, 15, 17, 19, 21]
SWINGS = dict(zip(LEFT_LEG + LEFT_ARM, [0, 0.5, 1, 1, 1, 0, 0.4, 0.8, 0.8, 0.8, 0.8], strict=True))
HEIGHT = 80


def walking(fps: float, seconds: float = 3) -> np.ndarray:
    """(T, 33, 4): a stride a second, from the side. Sides differ in depth and visibility."""
    time = np.arange(round(seconds * fps)) / fps
    seen = np.tile(np.float32([199.5, 99.5, 0, 1]), (len(time), 33, 1))
    for left, share in SWINGS.items():
        for side, sign in ((0, 1), (1, -1)):
            swing = sign * share * (0.2 if left in LEFT_LEG else -0.2)
            seen[:, left + side, 0] += HEIGHT * swing * np.sin(2 * np.pi * time)
            seen[:, left + side, 2:] = 10 * sign, 0.9 + 0.05 * sign
    return seen


def swapped(seen: np.ndarray, where: np.ndarray, left: list[int]) -> np.ndarray:
    """The landmarks with the limb `left` and that of the other side exchanged in some frames."""
    result, right = seen.copy(), [n + 1 for n in left]
    result[np.ix_(where, left)] = seen[np.ix_(where, right)]
    result[np.ix_(where, right)] = seen[np.ix_(where, left)]
    return result


def told(seen: np.ndarray, fps: float, frames: np.ndarray | None = None, **rest) -> np.ndarray:
    frames = np.arange(len(seen)) if frames is None else frames
    return untangled(seen, frames, np.full(len(seen), float(HEIGHT)), fps, **rest)


def alike(result: np.ndarray, seen: np.ndarray) -> bool:
    """Whether limbs are the same ones, but where they pass each other and either may be meant.
    Places of legs that pass each other are interpolated."""
    same = []
    for left in (LEFT_LEG, LEFT_ARM):
        both = left + [n + 1 for n in left]
        apart = abs(seen[:, left[2], 0] - seen[:, left[2] + 1, 0]) > 0.06 * HEIGHT
        same.append(np.allclose(result[apart][:, both], seen[apart][:, both], atol=0.04 * HEIGHT))
    return all(same)


@pytest.mark.parametrize("fps", [10, 25, 30, 47])
@pytest.mark.parametrize("left", [LEFT_LEG, LEFT_ARM], ids=["leg", "arm"])
def test_limbs_that_change_sides_for_some_frames_are_put_back(fps, left):
    """A pose network does that where the near leg passes the far one."""
    seen = walking(fps)
    where = np.zeros(len(seen), bool)
    where[int(0.6 * fps) : int(0.9 * fps)] = True
    where[int(1.7 * fps)] = True
    assert alike(told(swapped(seen, where, left), fps), seen)


@pytest.mark.parametrize("fps", [25, 47])
def test_one_leg_that_is_in_front_at_every_step_is_two(fps):
    """As pose networks see people who are small, from the side."""
    rng = np.random.default_rng(0)
    seen = walking(fps)
    seen[..., :2] += rng.normal(0, 0.4, seen[..., :2].shape)
    where = np.arange(len(seen)) / fps % 1 > 0.5
    same = swapped(seen, where, LEFT_LEG)
    assert (same[:, 27, 0] - same[:, 28, 0]).min() > -4
    mirrored = swapped(seen, np.ones(len(seen), bool), LEFT_LEG)  # which is which, nobody can say
    assert any(alike(told(same, fps), whole) for whole in (seen, mirrored))


@pytest.mark.parametrize("fps", [25, 47])
def test_legs_that_the_network_mixes_where_they_pass_go_on(fps):
    """Places near a passing are so unsure there that a leg seems to stop, and to turn back."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        seen = walking(fps)
        apart = abs(seen[:, 27, 0] - seen[:, 28, 0]) > 0.1 * HEIGHT
        noise = np.where(apart, 0.3, 1.5)[:, None, None]
        seen[..., :2] += noise * rng.normal(size=(len(seen), 33, 2))
        result = told(swapped(seen, ~apart & (rng.random(len(seen)) < 0.5), LEFT_LEG), fps)
        assert alike(result[apart], seen[apart])


@pytest.mark.parametrize("fps", [25, 47])
def test_legs_that_the_network_has_in_one_place_where_they_pass_are_interpolated(fps):
    seen = walking(fps)
    together = abs(seen[:, 27, 0] - seen[:, 28, 0]) < 0.08 * HEIGHT
    mixed, right = seen.copy(), [n + 1 for n in LEFT_LEG]
    for side in (LEFT_LEG, right):
        mixed[np.ix_(together, side, [0])] = 199.5 + 0.04 * HEIGHT  # both with the foot in front
    inner = together.copy()
    inner[: round(0.2 * fps)] = inner[-round(0.2 * fps) :] = False  # with apart legs on both sides
    result = told(mixed, fps)
    for side in (LEFT_LEG, right):
        away = abs(result[inner][:, side, 0] - seen[inner][:, side, 0])
        assert (
            away.max()
            < 0.02 * HEIGHT
            < abs(mixed[inner][:, side, 0] - seen[inner][:, side, 0]).max()
        )


@pytest.mark.parametrize(("step", "passes"), [(1, True), (5, False)])
def test_legs_that_are_near_for_longer_than_a_passing_do_not_pass(step, passes):
    """How long they are is told by frames, some of which may lack landmarks."""
    right = np.zeros((9, 3, 2))
    left = right + [1, 0]
    left[3:6] = 0
    near = np.isin(np.arange(9), [3, 4, 5])
    found = legs_pass(left, right, 0.1, 8, step * np.arange(9))
    assert np.array_equal(found, near & passes)


@pytest.mark.parametrize("fps", [5, 8, 10, 15, 25, 47])
def test_a_walk_without_errors_stays(fps):
    rng = np.random.default_rng(0)
    seen = walking(fps, 6)
    seen[..., :2] += rng.normal(0, 0.4, seen[..., :2].shape)
    assert alike(told(seen, fps), seen)


def test_one_leg_that_really_stays_in_front_stays():
    """As of somebody who limps."""
    time = np.arange(75) / 25
    seen = np.tile(np.float32([199.5, 99.5, 0, 1]), (75, 33, 1))
    seen[:, LEFT_LEG, 0] += 0.1 * HEIGHT * (1 - np.cos(2 * np.pi * time))[:, None]
    assert alike(told(seen, 25), seen)


@pytest.mark.parametrize("missing", [1, 3, 5, 8, 20])
@pytest.mark.parametrize("first", [30, 34, 38, 42])
def test_a_gap_turns_nothing_and_errors_beside_it_are_mended(missing, first):
    frames = np.delete(np.arange(100), slice(first, first + missing))
    seen = walking(25, 4)[frames]
    assert alike(told(seen, 25, frames), seen)
    where = (frames > 10) & (frames < 20)
    assert alike(told(swapped(seen, where, LEFT_LEG), 25, frames), seen)


def test_copies_of_another_frame_are_no_movement():
    seen = walking(25, 4)
    copied = np.zeros(len(seen), bool)
    copied[32:40] = True
    seen[copied] = seen[31]
    assert alike(told(seen, 25, read=~copied)[~copied], seen[~copied])


def test_hidden_joints_decide_nothing():
    """Feet that the network sees hardly, and exchanges, while it sees the knees."""
    seen = walking(25)
    where = (np.arange(len(seen)) > 30) & (np.arange(len(seen)) < 36)
    feet = LEFT_LEG[2:]
    seen[:, feet + [n + 1 for n in feet], 3] = 0
    crossed = swapped(seen, where, feet)
    assert np.array_equal(told(crossed, 25)[where], crossed[where])


def test_a_frame_in_which_both_legs_are_taken_for_one_turns_nothing():
    """It is as near to either side as legs that pass each other are."""
    seen = walking(25)
    seen[6, LEFT_LEG] = seen[6, [n + 1 for n in LEFT_LEG]] = [199.5, 99.5, 0, 1]
    before = np.arange(len(seen)) < 6
    result = told(swapped(seen, before, LEFT_LEG), 25)
    assert alike(np.delete(result, 6, 0), np.delete(seen, 6, 0))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_frames_stay(count):
    seen = walking(25)[:count]
    assert alike(told(seen, 25), seen)
