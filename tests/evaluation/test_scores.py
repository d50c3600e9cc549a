"""Scores whose ranks, error rates and fusion are known."""

from statistics import NormalDist

import numpy as np
import pytest

from gait_demo.evaluation.scores import Scores, fused, mean_known, rate, stacked

PEOPLE, PROBES = 20, 12  # probes of each


def scores(apart: float, seed: int = 0) -> Scores:
    """Distances are normal; those to the right person are less by so many deviations."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), PROBES)
    distances = rng.standard_normal((1, len(person), 1, PEOPLE))
    distances[0, np.arange(len(person)), 0, person] -= apart
    none = np.zeros(len(person), int)
    return Scores(distances, person, none, np.arange(PEOPLE), np.array([0]))


def first(some: Scores) -> float:
    return some.found(1).mean()


def test_the_right_person_is_among_the_first_five_five_times_as_often_by_chance():
    nothing = scores(0)
    assert first(nothing) == pytest.approx(1 / PEOPLE, abs=0.03)
    assert nothing.found(5).mean() == pytest.approx(5 / PEOPLE, abs=0.06)


@pytest.mark.parametrize("apart", [0.0, 1.0, 2.0, 3.0])
def test_equal_error_rate_is_that_of_two_normal_distributions(apart):
    expected = NormalDist().cdf(-apart / 2)
    assert scores(apart).equal_error_rate() == pytest.approx(expected, abs=0.04)


def test_several_videos_tell_more_than_one():
    one = scores(1.0)
    six, twelve = one.together(6), one.together(12)
    assert len(six.person) == 2 * PEOPLE and len(twelve.person) == PEOPLE
    assert first(one) < first(six) - 0.2 and first(six) < first(twelve) + 0.05
    assert len(one.together(PROBES + 1).person) == 0


def test_two_attackers_who_see_different_things_are_better_together():
    left, right, blind = scores(1.5, 1), scores(1.5, 2), scores(0, 3)
    both = first(fused([left, right, blind]))
    assert both > first(left) + 0.1 and both > first(right) + 0.1
    again = first(fused([left, left, blind]))
    assert again == pytest.approx(first(left), abs=0.04)  # nothing new, and the blind does not harm


def test_intervals_are_over_people_and_attackers():
    person = np.arange(40)
    same = np.full((2, 40), 0.5)
    assert rate(same, person)["interval"] == [0.5, 0.5]
    differ = rate(np.stack([same[0] - 0.3, same[0] + 0.3]), person)
    assert differ["rate"] == 0.5 and differ["interval"] == [0.2, 0.8]
    two = stacked([scores(0, 1), scores(9, 2)])
    assert two.found(1).mean(axis=(1, 2)) == pytest.approx([1 / PEOPLE, 1], abs=0.03)


def test_means_leave_out_what_is_not_known():
    found = np.array([[1.0, np.nan], [np.nan, np.nan]])
    assert np.array_equal(mean_known(found), [1, np.nan], equal_nan=True)
