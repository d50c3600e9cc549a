"""The recogniser by rhythm: steps whose rhythm is known."""

from dataclasses import replace

import numpy as np
import pytest
from fake_gaits import recorded, walk

from gait_demo.evaluation.cues import rhythms
from gait_demo.evaluation.differences import Differences
from gait_demo.evaluation.gaits import Gaits
from gait_demo.evaluation.naturalness import leg_spread
from gait_demo.evaluation.protocol import compared
from gait_demo.evaluation.rhythm import rhythm


def spread(cadence, uneven=0.0, late=0.0, frames=75):
    """Legs that are apart twice a stride, the second time less by `uneven`."""
    t = cadence * np.arange(frames) / 25 + late
    return 10 + 4 * np.cos(4 * np.pi * t) + 2 * uneven * np.cos(2 * np.pi * t)


@pytest.mark.parametrize("cadence", [0.8, 0.95, 1.1])
def test_cadence_is_strides_a_second(cadence):
    assert rhythm(spread(cadence))[0] == pytest.approx(cadence, abs=0.01)


def test_uneven_steps_are_told_whenever_the_walk_begins():
    even, limps = (rhythm(spread(0.9, uneven)) for uneven in (0, 0.4))
    assert abs(even[1]) < 0.02 and limps[1] == pytest.approx(0.2, abs=0.02)
    for late in (0.1, 0.3, 0.5, 0.8):
        assert np.allclose(rhythm(spread(0.9, 0.4, late)), limps, atol=0.02)


def test_what_does_not_swing_has_no_rhythm():
    assert np.isnan(rhythm(spread(1)[:20])).all() and np.isnan(rhythm(np.ones(60))).all()


def test_people_are_known_by_cadence_and_by_nothing_else():
    rng = np.random.default_rng(0)
    walks, person, condition = [], [], []
    for who, pace in enumerate(np.linspace(0.7, 1.1, 8)):
        for n in range(4):
            t = np.arange(75) * pace * 10 / 25 + rng.uniform(0, 10)
            frames = [walk(rng.uniform(0.1, 0.25), 0.5, x / 10, 1)[0] for x in t]
            walks.append(recorded(np.stack(frames)))
            person.append(who)
            condition.append(f"nm-{n:02d}")
    count = len(walks)
    gaits = Gaits(
        tuple(walks), np.array(person), np.zeros(count, int), np.array(condition),
        np.ones(count, bool),
    )  # fmt: skip
    assert leg_spread(gaits.frames(0)).std() > 1
    known = np.isin(gaits.condition, ("nm-00", "nm-01"))

    def found(walks):
        attacker = Differences(walks.of(known), rhythms)
        return compared(attacker, walks.of(~known), walks.of(known)).found(1)

    assert found(gaits).mean() > 0.9
    still = replace(gaits, recordings=tuple(recorded(gaits.frames(n)[:5]) for n in range(count)))
    assert np.allclose(found(still), 1 / 8)  # strides are too short to be told: a guess
