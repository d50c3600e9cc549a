"""The evaluation on methods whose privacy is known."""

from dataclasses import replace

import numpy as np
import pytest
from fake_casia import write_fake_casia
from fake_gaits import draw_gaits
from fixed import SECRET

from gait_demo.anonymization.anonymizer import load
from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError
from gait_demo.evaluation import baselines, protocol
from gait_demo.evaluation.attackers import AttackerOptions
from gait_demo.evaluation.gaits import read_gaits
from gait_demo.evaluation.identity import rank_1
from gait_demo.evaluation.protocol import AnonymizedWalks, Family, People, attack, compared, groups
from gait_demo.evaluation.scores import fused, rate
from gait_demo.weights import find

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def people():
    return People.of(draw_gaits(62), *groups(range(1, 63)))


def upside_down(clip, seed):
    return replace(clip, masks=clip.masks[:, ::-1])


def always_the_same(clip, seed):
    disc = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20
    return replace(clip, masks=np.repeat(disc[None], len(clip), axis=0).astype(np.float32))


def empty(clip, seed):
    return replace(clip, masks=0 * clip.masks)


def first(found):
    """Share of the probes that are recognised at once."""
    return np.nanmean(found)


def exactly(train):
    """Attackers of a kind that is always the same."""
    return Family(lambda number, times: train)


def attacked(people, anonymized, train):
    """By adversary, whether the right person is the first."""
    found = attack(people, anonymized, train(people.training), exactly(train)).scores
    return {adversary: scores.found(1)[0] for adversary, scores in found.items()}


def test_groups_are_the_papers():
    attackers, tested = groups(range(1, 125))
    assert attackers == list(range(1, 51)) and tested == list(range(85, 125))
    assert groups([*range(1, 51), 60, *range(85, 125)]) == (attackers, tested)
    assert [len(group) for group in groups(range(12))] == [5, 4]
    assert [len(group) for group in groups(range(5))] == [2, 2]
    with pytest.raises(DataError, match="too few"):
        groups(range(4))


def test_who_copies_is_recognised_as_ever(people):
    found = attacked(people, AnonymizedWalks(people, baselines.nothing), protocol.raw_gei)
    both = people.gallery.together(people.probes).geis()
    for v, view in enumerate((0, 90)):
        n = len(people.gallery)
        clear = rank_1(
            both,
            np.flatnonzero(both.view[:n] == view),
            n + np.flatnonzero(both.view[n:] == view),
        )
        at_view = found["naive"][people.probes.view == view, v]
        assert first(at_view) == pytest.approx(clear) and clear > 0.8
    assert all(first(found[name]) == first(found["naive"]) for name in protocol.ADVERSARIES)


def test_outputs_that_are_all_the_same_are_linked_by_chance_alone(people):
    anonymized = AnonymizedWalks(people, always_the_same)
    found = attack(people, anonymized, protocol.raw_gei(people.training), exactly(protocol.raw_gei))
    for name in ("linking", "known seed"):
        for n in (1, 3, 5):
            assert np.allclose(found.scores[name].found(n), n / 20)


def test_who_only_relabels_pixels_is_caught_by_the_informed(people):
    found = attacked(people, AnonymizedWalks(people, upside_down), protocol.view_transform)
    assert first(found["naive"]) < 0.2
    assert first(found["informed"]) > 0.5 and first(found["linking"]) > 0.6


def shuffled(noise):
    """A method that puts the rows of silhouettes in an order that the noise chooses."""

    def method(clip, seed):
        rows = np.argsort(noise(clip, seed, clip.masks.shape[1]).numpy())
        return replace(clip, masks=clip.masks[:, rows])

    return method


@pytest.mark.parametrize("is_keyed", [False, True])
def test_who_draws_noise_from_the_seed_is_caught_by_who_knows_it_and_who_has_a_secret_is_not(
    people, is_keyed
):
    noise = baselines.keyed(SECRET) if is_keyed else baselines.from_seed
    anonymized = AnonymizedWalks(people, shuffled(noise), guess=shuffled(baselines.from_seed))
    found = attacked(people, anonymized, protocol.raw_gei)
    known = first(found["known seed"][people.probes.view[:, None] == np.array([0, 90])])
    assert known < 0.12 if is_keyed else known > 0.8  # chance: 0.05


@pytest.mark.parametrize("is_keyed", [False, True])
def test_with_a_secret_the_seed_tells_no_more_of_what_anet_makes_than_other_seeds_do(is_keyed):
    walks = draw_gaits(20, views=(90,))
    known = walks.condition < "nm-05"
    some = People(walks.of([0]), walks.of(known), walks.of(~known))
    anet = load("anet", find("anet").path)
    noise = baselines.keyed(SECRET) if is_keyed else baselines.from_seed
    guess = baselines.made_by(anet, baselines.from_seed)
    anonymized = AnonymizedWalks(some, baselines.made_by(anet, noise), guess=guess)
    recogniser = protocol.raw_gei(some.training)
    by_seed = first(
        compared(recogniser, anonymized.alike_probes, anonymized.guessed_gallery).found(1)
    )
    unknown = first(compared(recogniser, anonymized.probes, anonymized.gallery).found(1))
    assert by_seed < unknown + 0.1 if is_keyed else by_seed > unknown + 0.3


def test_parts_are_made_when_asked_for_and_each_by_its_own_seeds(people):
    seeds = []

    def counted(clip, seed):
        seeds.append(seed)
        return clip

    anonymized = AnonymizedWalks(people, counted, seed=5)
    last = np.arange(len(people.probes)) >= 7
    anonymized.some_probes(last)
    some = seeds.copy()
    assert len(anonymized.gallery) and anonymized.probes is anonymized.probes
    assert seeds[-len(last) :][7:] == some  # whatever was asked for before
    assert len(set(seeds)) == len(people.gallery) + len(last) == len(seeds) - len(some)
    assert len(anonymized.guessed_gallery) and len(anonymized.alike_probes)
    alike = seeds[-len(people.gallery) - len(last) :]
    assert len(set(alike)) == 1 and alike[0] not in seeds[: -len(alike)]


def test_showing_nobody_is_no_success(people):
    naive = protocol.raw_gei(people.training)
    found = compared(naive, people.probes.changed(empty, 0), people.gallery)
    assert found.failed.all() and (found.found(1) == 1).all() and found.equal_error_rate() == 0
    assert (fused([found, found]).found(1) == 1).all() and (found.together(2).found(1) == 1).all()


def test_a_person_whom_the_gallery_lacks_counts_for_nothing(people):
    naive = protocol.raw_gei(people.training)
    one = people.gallery.person[0]
    some = people.gallery.of((people.gallery.person != one) | (people.gallery.view != 90))
    found = compared(naive, people.probes, some)
    lacking = people.probes.person == one
    for scores in (found, fused([found, found])):
        told = ~np.isnan(scores.found(1)[0])
        assert told[~lacking].all() and (told[lacking] == [True, False]).all()


def test_every_person_counts_the_same():
    found, person = np.array([1, 1, 1, 1, 0, np.nan]), np.array([1, 1, 1, 1, 2, 3])
    result = rate(found, person)
    assert result["rate"] == 0.5 and result["people"] == 2
    assert result["interval"] == [0.0, 1.0]
    assert rate(np.full(2, np.nan), person[:2])["rate"] is None


@pytest.mark.slow
@pytest.mark.parametrize("network", ["GaitSet", "GaitBase"])
def test_networks_learn_to_tell_strangers_apart(people, network):
    options = AttackerOptions(network, 80, people=5, walks=4, frames=4)
    found = compared(protocol.deep(options, people.training), people.probes, people.gallery)
    assert first(found.found(1)) > 0.6  # chance: 0.05


def test_an_attacker_is_trained_to_the_same_figures_again(people):
    options = AttackerOptions("GaitSet", 5, people=5, walks=4, frames=4)
    found, again = (
        compared(protocol.deep(options, people.training), people.probes, people.gallery)
        for _ in range(2)
    )
    assert np.array_equal(found.distances, again.distances)


@pytest.mark.parametrize("name", baselines.SIMPLE)
def test_simple_methods_change_what_they_say(people, name):
    walks = people.probes.of(np.arange(3))
    changed = walks.changed(baselines.SIMPLE[name], 5)
    again = walks.changed(baselines.SIMPLE[name], 5)
    same = [np.array_equal(a, b) for a, b in zip(walks.walks, changed.walks, strict=True)]
    assert all(same) if name in ("none", "black-out") else not any(same)
    for a, b in zip(changed.walks, again.walks, strict=True):
        assert np.array_equal(a, b) and len(a)


def test_gaits_are_read_as_recognisers_take_them(tmp_path):
    data = CasiaB(write_fake_casia(tmp_path, people=2, videos=False))
    gaits = read_gaits(data, data.sequences())
    assert gaits.person.tolist() == [1, 2] and gaits.view.tolist() == [90, 90]
    frames = gaits.frames(0)
    assert frames.shape[1:] == (64, 64) and frames.any(axis=2).all()  # head to feet
    with pytest.raises(DataError, match="shows anybody"):
        read_gaits(data, [])
