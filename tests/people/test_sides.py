"""Left and right limbs, told by how they move."""

import numpy as np
import pytest

from gait_demo.people.sides import untangled

LEFT_LEG, LEFT_ARM = [23, 25, 27, 29, 31], [11, 13, 15, 17, 19, 21]


def landmarks(count: int) -> np.ndarray:
    """(count, 33, 4) all at one place, well seen."""
    return np.tile(np.float32([199.5, 99.5, 0, 1]), (count, 33, 1))


def walking(fps: float) -> np.ndarray:
    """(T, 33, 4): three strides, from the side, of somebody 200 pixels tall."""
    time = np.arange(int(3 * fps)) / fps
    seen = landmarks(len(time))
    for side, sign in ((0, 1), (1, -1)):
        swing = sign * 40 * np.sin(2 * np.pi * time)
        seen[:, [n + side for n in LEFT_LEG], 0] += swing[:, None]
        seen[:, [n + side for n in LEFT_ARM], 0] -= swing[:, None]
    return seen


def swapped(seen: np.ndarray, where: np.ndarray, left: list[int]) -> np.ndarray:
    """The landmarks with the limb `left` and that of the other side exchanged in some frames."""
    result, right = seen.copy(), [n + 1 for n in left]
    result[np.ix_(where, left)] = seen[np.ix_(where, right)]
    result[np.ix_(where, right)] = seen[np.ix_(where, left)]
    return result


@pytest.mark.parametrize("fps", [25, 30, 60])
@pytest.mark.parametrize("limb", ["leg", "arm"])
def test_limbs_that_change_sides_for_some_frames_are_put_back(fps, limb):
    """A pose network does that where the near leg passes the far one."""
    seen, left = walking(fps), LEFT_LEG if limb == "leg" else LEFT_ARM
    where = np.zeros(len(seen), bool)
    where[int(0.6 * fps) : int(0.9 * fps)] = True
    where[int(1.6 * fps)] = True
    assert np.array_equal(untangled(swapped(seen, where, left), 200, fps), seen)


@pytest.mark.parametrize("fps", [25, 60])
def test_one_leg_that_is_in_front_at_every_step_is_two(fps):
    """As pose networks see people who are small, from the side."""
    rng = np.random.default_rng(0)
    seen = walking(fps)
    seen[..., :2] += rng.normal(0, 1, seen[..., :2].shape)
    where = np.arange(len(seen)) / fps % 1 > 0.5
    same = swapped(seen, where, LEFT_LEG)
    assert (same[:, 27, 0] - same[:, 28, 0]).min() > -10
    apart = abs(seen[:, 27, 0] - seen[:, 28, 0]) > 20  # where they pass, either may be meant
    result = np.stack(untangled(same, 200, fps))[apart]
    mirrored = swapped(seen, np.ones(len(seen), bool), LEFT_LEG)  # which is which, nobody can say
    assert any(np.array_equal(result, whole[apart]) for whole in (seen, mirrored))


def test_one_leg_that_really_stays_in_front_stays():
    """As of somebody who limps."""
    time = np.arange(75) / 25
    seen = landmarks(len(time))
    seen[:, LEFT_LEG, 0] += 20 * (1 - np.cos(2 * np.pi * time))[:, None]
    assert np.array_equal(untangled(seen, 200, 25), seen)


def test_frames_without_landmarks_stay_without():
    seen = list(walking(25))
    seen[10] = None
    result = untangled(seen, 200, 25)
    assert result[10] is None
    assert all(np.array_equal(a, b) for a, b in zip(result[:10], seen[:10], strict=True))
    assert untangled([None, None], 200, 25) == [None, None]


def test_a_frame_in_which_both_legs_are_taken_for_one_turns_nothing():
    """It is as near to either side as legs that pass each other are."""
    seen = walking(25)
    seen[6, LEFT_LEG] = seen[6, [n + 1 for n in LEFT_LEG]] = landmarks(1)[0, :5]
    before = np.arange(len(seen)) < 6
    result = np.stack(untangled(swapped(seen, before, LEFT_LEG), 200, 25))
    assert np.array_equal(np.delete(result, 6, 0), np.delete(seen, 6, 0))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_frames_stay(count):
    seen = walking(25)[:count]
    assert np.array_equal(np.stack(untangled(seen, 200, 25)), seen)
