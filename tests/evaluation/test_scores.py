"""Scores whose ranks, error rates and fusion are known."""

import dataclasses
from statistics import NormalDist

import numpy as np
import pytest

from gait_demo.evaluation.scores import Scores, fused, mean_known, pooled, rate, stacked

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


@pytest.mark.parametrize("first", [1, 3])
@pytest.mark.parametrize("size", [2, 5, PEOPLE])
def test_smaller_galleries_are_as_many_drawn_ones_are_on_average(first, size):
    some, rng = scores(1.0), np.random.default_rng(0)
    tied = np.round(some.distances)  # several people at one distance
    some = Scores(tied, some.person, some.view, some.people, some.views)
    drawn = np.zeros(some.found(1).shape)
    for _ in range(300):
        for own in some.people:
            rows = some.person == own
            others = rng.choice(np.delete(some.people, own), size - 1, replace=False)
            gallery = np.sort([own, *others])
            distances = tied[:, rows][..., gallery]
            part = Scores(distances, some.person[rows], some.view[rows], gallery, some.views)
            drawn[:, rows] += part.found(first) / 300
    assert some.found(first, size) == pytest.approx(drawn, abs=0.12)
    assert some.found(first, size).mean() == pytest.approx(drawn.mean(), abs=0.01)
    assert np.allclose(some.found(first, PEOPLE), some.found(first))


def bits(some: Scores) -> float:
    pseudo, people = some.information()
    return rate(pseudo, people)["rate"]


def test_information_is_none_by_chance_and_all_if_everybody_is_recognised():
    assert bits(scores(0)) == pytest.approx(0, abs=0.06)
    assert bits(scores(99)) == pytest.approx(np.log2(PEOPLE), abs=1e-3)
    same = Scores(
        np.zeros((1, PEOPLE, 1, PEOPLE)),
        np.arange(PEOPLE),
        np.zeros(PEOPLE),
        np.arange(PEOPLE),
        np.array([0]),
    )
    assert bits(same) == pytest.approx(0, abs=1e-9)  # everybody at one distance


@pytest.mark.parametrize("apart", [0.5, 1.0, 2.0])
def test_information_of_few_people_is_that_of_many(apart):
    many = np.mean([bits(scores(apart, seed)) for seed in range(100, 140)])
    whole = Scores(
        np.concatenate([scores(apart, seed).distances for seed in range(100, 140)], axis=1),
        np.tile(scores(0).person, 40), np.zeros(40 * PEOPLE * PROBES), np.arange(PEOPLE),
        np.array([0]),
    )  # fmt: skip
    assert many == pytest.approx(bits(whole), abs=0.02)


def test_several_populations_are_as_many_as_there_are():
    people = np.arange(40)
    low, high = (np.full(40, share) for share in (0.2, 0.8))
    one, two = pooled([(low, people)]), pooled([(low, people), (high, people)])
    assert one == rate(low, people) and one["interval"] == [0.2, 0.2]
    assert two == {"rate": 0.5, "interval": [0.5, 0.5], "people": 80}  # no other population is told
    varied = np.random.default_rng(0).random((3, 3, 40))
    alike = pooled([(share, people) for share in varied])
    widths = [np.ptp(found["interval"]) for found in (alike, rate(varied[0], people))]
    assert widths[0] < widths[1]  # three populations of a kind tell more than one
    assert pooled([(low, people), (np.full(40, np.nan), people)]) == one


def test_nineteen_of_twenty_intervals_hold_the_rate_of_these_populations():
    rng, people = np.random.default_rng(0), np.arange(40)
    chances = np.array([[0.2], [0.3], [0.7]])
    held = []
    for shares in rng.random((100, 3, 40)) < chances:
        low, high = pooled([(share, people) for share in shares])["interval"]
        held.append(low <= chances.mean() <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.04)


def lacking(some: Scores, person: int) -> Scores:
    """The same without one person at the only view of the gallery."""
    distances = some.distances.copy()
    distances[..., person] = np.inf
    return dataclasses.replace(some, distances=distances)


@pytest.mark.parametrize("size", [2, 5, PEOPLE - 1])
def test_a_smaller_gallery_is_drawn_from_the_people_who_are_in_it(size):
    whole, others = scores(1.0), np.arange(1, PEOPLE)
    rows = whole.person > 0
    without = Scores(
        whole.distances[:, rows][..., 1:], whole.person[rows], whole.view[rows], others, whole.views
    )
    found = lacking(whole, 0).found(1, size)
    assert np.allclose(found[:, rows], without.found(1, size))
    assert np.isnan(found[:, ~rows]).all()
    assert np.isnan(lacking(whole, 0).found(1, PEOPLE)).all()  # so many there are not


def test_information_is_that_of_views_at_which_the_gallery_has_everybody():
    whole = scores(1.0)
    part = lacking(whole, 0)
    two = dataclasses.replace(
        whole,
        distances=np.concatenate([whole.distances, part.distances], axis=2),
        views=np.array([0, 90]),
    )
    assert bits(two) == bits(whole)
    assert bits(part) is None


def test_probes_of_people_who_are_in_no_gallery_tell_nothing():
    whole = scores(1.0)
    distances, people, known = whole.distances[..., 1:], whole.people[1:], whole.person > 0
    everybody = Scores(distances, whole.person, whole.view, people, whole.views)
    others = dataclasses.replace(
        everybody,
        distances=distances[:, known],
        person=whole.person[known],
        view=whole.view[known],
    )
    assert bits(everybody) == bits(others)
    assert np.isnan(everybody.found(1)[:, ~known]).all()
