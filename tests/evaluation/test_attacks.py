"""Every attacker on a method that leaves just what this attacker looks at, and on one that does
not."""

from dataclasses import replace

import numpy as np
import pytest
from fake_gaits import draw_gaits, recorded
from fixed import SECRET

from gait_demo.errors import GaitDemoError
from gait_demo.evaluation import baselines
from gait_demo.evaluation.protocol import (
    FULL_FRAME,
    AnonymizedWalks,
    Family,
    People,
    attack,
    families,
    groups,
)
from gait_demo.types import silent

CHANCE = 0.05  # of 20 people
DISC = (np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 28).astype(np.float32)


@pytest.fixture(scope="module")
def people():
    return People.of(draw_gaits(62, views=(90,), frames=24), *groups(range(1, 63)))


def scored(people, method, name, takes=1):
    """By adversary, the scores of the attacker of this name."""
    family = families(1)[name]
    naive = family.train(0, 1)(people.training, silent)
    return attack(people, AnonymizedWalks(people, method, takes=takes), naive, family).scores


def found(people, method, name):
    """By adversary, how often the attacker of this name finds the right person at once."""
    scores = scored(people, method, name)
    return {adversary: each.found(1).mean() for adversary, each in scores.items()}


def shapeless(clip, seed):
    """All walkers become a disc, as tall, as fast and where they were."""
    return replace(clip, masks=np.repeat(DISC[None], len(clip), axis=0))


def shapeless_of_any_size(clip, seed):
    """And of any height and speed."""
    noise = baselines.keyed(SECRET)(clip, seed, 2).numpy()
    feet, times = clip.squares[:, 3:], np.arange(len(clip))[:, None]
    side = 110 * np.exp(0.2 * noise[0]) * np.ones_like(feet)
    left = 100 + 4 * np.exp(0.3 * noise[1]) * times
    squares = np.concatenate([left, feet - side, left + side, feet], axis=1)
    return replace(shapeless(clip, seed), squares=squares.astype(np.float32))


def test_a_method_that_keeps_height_and_speed_is_caught_by_the_full_frame(people):
    caught = found(people, shapeless, FULL_FRAME)
    assert min(caught[name] for name in ("naive", "informed", "linking")) > 0.6
    assert found(people, shapeless, "raw GEI")["informed"] == pytest.approx(CHANCE)


def test_a_method_that_draws_height_and_speed_from_a_secret_is_not(people):
    caught = found(people, shapeless_of_any_size, FULL_FRAME)
    assert max(caught.values()) < 0.15


def test_parts_of_the_full_frame_tell_what_it_is_caught_by(people):
    def of_any_speed(clip, seed):
        drawn = shapeless_of_any_size(clip, seed).squares
        squares = clip.squares.copy()
        squares[:, [0, 2]] += drawn[:, [0]] - squares[:, [0]]
        return replace(shapeless(clip, seed), squares=squares)

    caught = {part: found(people, of_any_speed, f"{part} alone") for part in ("height", "speed")}
    assert caught["height"]["linking"] > 0.3
    assert max(caught["speed"].values()) < 0.15


def of_any_pace(keeps_strides):
    """Height, speed and cadence come from a secret; the length of strides, too, or it is kept."""

    def method(clip, seed):
        noise = baselines.keyed(SECRET)(clip, seed, 3).numpy()
        slower, rarer = np.random.default_rng(noise[1:].view(np.uint32)).uniform(0.6, 1, 2)
        times = np.arange(len(clip))
        shown = np.rint(times * (slower if keeps_strides else rarer)).astype(int)
        left, feet = (
            np.interp(slower * times, times, clip.squares[:, column])[:, None] for column in (0, 3)
        )
        side = 110 * np.exp(0.2 * noise[0]) * np.ones_like(feet)
        squares = np.concatenate([left, feet - side, left + side, feet], axis=1)
        return replace(clip, masks=clip.masks[shown], squares=squares.astype(np.float32))

    return method


@pytest.mark.slow
def test_a_method_that_keeps_only_the_length_of_strides_is_caught_by_the_full_frame():
    """The rest, as far as it is left, is the speed."""
    gaits = draw_gaits(62, views=(90,), frames=60, cycle=20)
    people = People.of(gaits, *groups(range(1, 63)))
    kept, drawn = (found(people, of_any_pace(keeps), FULL_FRAME) for keeps in (True, False))
    for adversary in ("informed", "linking"):
        assert kept[adversary] > 1.5 * drawn[adversary] and kept[adversary] > 0.3


def scrambled(clip, seed):
    """Silhouettes whose columns and rows are in another order, always the same one."""
    order = np.random.default_rng(0).permutation(64)
    return replace(clip, masks=clip.masks[:, order][:, :, order])


@pytest.mark.slow
def test_a_method_that_only_scrambles_pixels_is_undone_by_ridge_regression(people):
    caught = found(people, scrambled, "ridge regression on GEIs")
    assert caught["naive"] < 0.2 and caught["informed"] > 0.5 and caught["linking"] > 0.6


def with_joints(secret):
    """A disc, and joints that tell how broad the walker was, unless a secret tells them."""

    def method(clip, seed):
        broad = clip.masks.sum(axis=(1, 2)).mean() / 3000
        if secret:
            broad = 0.3 + 0.1 * float(baselines.keyed(secret)(clip, seed, 1)[0])
        joints = np.full((len(clip), 19, 3), 0.5, np.float32)
        joints[:, 10:, 0] += broad
        return replace(shapeless(clip, seed), joints=joints)

    return method


@pytest.mark.slow
@pytest.mark.parametrize("secret", [None, SECRET])
def test_joints_that_tell_of_the_walker_are_read_and_keyed_ones_are_not(people, secret):
    caught = found(people, with_joints(secret), "ridge regression on joints")
    assert caught["linking"] < 0.15 if secret else caught["linking"] > 0.3


def outline(widths):
    """(64, 64) bool, whose eight parts from head to feet have these standard scores (8,)."""
    half = np.clip(14 + 4 * widths, 4, 30).repeat(8)
    return abs(np.arange(64) - 31.5) < half[:, None]


@pytest.fixture(scope="module")
def outlines():
    """People whom the widths of the parts of their bodies tell apart; of each of their walks, the
    gallery has 18 videos."""
    gaits, rng = draw_gaits(62, views=(90,), frames=1), np.random.default_rng(0)
    own = rng.standard_normal((63, 8))
    widths = own[gaits.person] + 0.1 * rng.standard_normal((len(gaits), 8))
    recordings = tuple(recorded(outline(each)[None]) for each in widths)
    people = People.of(replace(gaits, recordings=recordings), *groups(range(1, 63)))
    numbers = np.tile(np.arange(len(people.gallery)), 18)
    return replace(people, gallery=people.gallery.of(numbers))


def one_of_six(is_least_like):
    """A secret draws six strangers. The walker becomes the first, or the one least like them."""

    def method(clip, seed):
        drawn = baselines.keyed(SECRET)(clip, seed, 6 * 8).numpy().reshape(6, 8)
        strangers = np.stack([outline(widths) for widths in drawn])
        unlike = np.abs(strangers - clip.masks.mean(axis=0)).sum(axis=(1, 2))
        chosen = strangers[unlike.argmax() if is_least_like else 0]
        return replace(clip, masks=np.repeat(chosen[None], len(clip), axis=0).astype(np.float32))

    return method


@pytest.mark.parametrize("is_least_like", [False, True])
def test_choosing_the_stranger_least_like_the_walker_tells_of_the_walker(outlines, is_least_like):
    """Two results of one walker are alike, and the clear walks least like a result are theirs."""
    scores = scored(outlines, one_of_six(is_least_like), "raw GEI", takes=9)
    linked = scores["linking"].together(9).found(1).mean()
    bits = scores["informed"].information()[0].mean()
    if is_least_like:
        assert linked > 4 * CHANCE and bits > 0.3
    else:
        assert linked < 2 * CHANCE and bits < 0.1


def every_second_refused(clip, seed):
    """A disc with joints in the middle for even seeds; other walks are refused."""
    if seed % 2:
        raise GaitDemoError("This walk cannot be anonymized.")
    joints = np.full((len(clip), 19, 3), 0.5, np.float32)
    return replace(shapeless(clip, seed), joints=joints)


@pytest.mark.parametrize("name", ["raw GEI", "ridge regression on joints"])
def test_walks_that_a_method_refuses_count_as_recognised(people, name):
    family = families(1)[name]
    naive = family.train(0, 1)(people.training, silent)
    anonymized = AnonymizedWalks(people, every_second_refused)
    scores = attack(people, anonymized, naive, family).scores
    refused = np.arange(len(people.probes)) % 2 == 1
    for adversary in ("naive", "informed"):
        assert np.array_equal(scores[adversary].failed, refused)
        assert (scores[adversary].found(1)[:, refused] == 1).all()
        assert scores[adversary].found(1)[:, ~refused].mean() < 0.2
    assert not scores["known seed"].failed.any()  # whose one seed is even


def test_joints_are_kept_beside_walks_that_were_refused(people, tmp_path):
    made = people.probes.of(np.arange(4)).changed(every_second_refused, np.arange(4))
    made.save(tmp_path / "walks.npz")
    again = type(made).load(tmp_path / "walks.npz")
    assert [len(recording.joints) for recording in again.recordings] == [24, 0, 24, 0]


class Learns:
    """Attackers who tell the right person the more surely the longer they are trained."""

    def __init__(self, sure, doublings, seeds=1):
        self.trained = []
        self.sure = sure
        self.family = Family(self.train, seeds, doublings)

    def train(self, number, times):
        def train(walks, on_progress):
            self.trained.append((number, times))
            rng = np.random.default_rng(number)

            def distances(probes, gallery):
                right = probes.person[:, None] == gallery.person
                return rng.random(right.shape) - right * self.sure[times]

            return distances

        return train


@pytest.mark.parametrize(
    ("sure", "trained", "is_converged"),
    [
        ({1: 0, 2: 0.5, 4: 0.9}, [1, 2, 4], False),  # it would go on rising
        ({1: 0, 2: 0.5, 4: 0.5}, [1, 2, 4], True),
        ({1: 0.5, 2: 0.5, 4: 9}, [1, 2], True),
    ],
)
def test_attackers_are_trained_until_more_steps_help_no_more_and_else_not_believed(
    people, sure, trained, is_converged
):
    learns = Learns(sure, doublings=2, seeds=2)
    anonymized = AnonymizedWalks(people, baselines.nothing)
    result = attack(people, anonymized, learns.train(0, 1)(None, silent), learns.family)
    assert result.is_converged == is_converged
    assert learns.trained[1:] == [(0, times) for times in trained] + [(1, trained[-1])]
    assert len(result.scores["informed"].distances) == 2


def test_what_was_found_can_be_read_again(people, tmp_path):
    family = families(1)["raw GEI"]
    naive = family.train(0, 1)(people.training, silent)
    anonymized = AnonymizedWalks(people, scrambled, kept=tmp_path / "walks")
    result = attack(people, anonymized, naive, family)
    result.save(tmp_path / "found.npz")
    again = type(result).load(tmp_path / "found.npz")
    assert again.rates == result.rates
    for adversary, scores in result.scores.items():
        assert np.array_equal(again.scores[adversary].distances, scores.distances)

    def never(clip, seed):
        raise AssertionError("walks that were kept are made again")

    kept = AnonymizedWalks(people, never, kept=tmp_path / "walks")
    assert np.array_equal(kept.probes.walks[0], anonymized.probes.walks[0])
    assert np.array_equal(
        kept.gallery.recordings[0].squares, anonymized.gallery.recordings[0].squares
    )
