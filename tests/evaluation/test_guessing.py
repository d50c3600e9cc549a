"""Guessing the seed of noise that comes from the seed alone, and of noise that is keyed."""

from dataclasses import replace

import numpy as np
import pytest
from fake_casia import write_fake_casia
from fake_gaits import draw_gaits
from fixed import SECRET

from gait_demo.__main__ import main
from gait_demo.anonymization.anonymizer import load
from gait_demo.errors import GaitDemoError
from gait_demo.evaluation import baselines
from gait_demo.evaluation.guessing import guessed
from gait_demo.weights import find

CANDIDATES = 20
SAME, OTHER = "nm-01", "nm-05"  # the walk that is anonymized, and another one of the same people


@pytest.fixture(scope="module")
def walks():
    return draw_gaits(20, views=(90,))


def rows_moved(noise):
    """A method that puts the rows of silhouettes in an order that the noise chooses."""

    def method(clip, seed):
        rows = np.argsort(noise(clip, seed, clip.masks.shape[1]).numpy())
        return replace(clip, masks=clip.masks[:, rows])

    return method


def joints_moved(noise):
    """A method whose noise chooses nothing but where the joints are."""

    def method(clip, seed):
        places = noise(clip, seed, 19 * 3).numpy().reshape(19, 3)
        return replace(clip, joints=np.tile(places, (len(clip), 1, 1)))

    return method


def attacked(walks, known, method, guess, candidates=CANDIDATES):
    """Scores of guesses at walks whose seeds are spread over the candidates."""
    same = walks.of(walks.condition == SAME)
    seeds = np.linspace(0, candidates - 1, len(same)).astype(int)
    clear = walks.of(walks.condition == known)
    return guessed(same.changed(method, seeds), clear, seeds, guess, candidates)


@pytest.mark.parametrize("known", [SAME, OTHER])
@pytest.mark.parametrize("moved", [rows_moved, joints_moved])
def test_seed_is_guessed_unless_the_noise_has_a_secret(walks, moved, known):
    guess = moved(baselines.from_seed)
    by_seed, keyed = (
        attacked(walks, known, moved(noise), guess).found(1).mean()
        for noise in (baselines.from_seed, baselines.keyed(SECRET))
    )
    assert by_seed > 0.9 and keyed < 0.2  # chance: 0.05


def test_candidates_that_all_make_the_same_are_guessed_by_chance(walks):
    found = attacked(walks, SAME, baselines.nothing, baselines.nothing).found(1)
    assert np.allclose(found, 1 / CANDIDATES)


def test_walk_that_shows_nobody_has_failed_and_refused_candidates_come_last(walks):
    def even_only(clip, seed):
        if seed % 2:
            raise GaitDemoError("This walk cannot be anonymized.")
        return clip

    scores = attacked(walks, SAME, even_only, even_only)
    assert np.array_equal(scores.failed, scores.person % 2 == 1)
    assert (scores.found(1)[:, scores.failed] == 1).all()
    assert np.allclose(scores.found(1)[:, ~scores.failed], 2 / CANDIDATES)
    assert np.isinf(scores.distances[:, ~scores.failed][..., 1::2]).all()


def test_the_command_tells_how_often_seeds_are_guessed(tmp_path, capsys):
    conditions = ("nm-01", "nm-05")
    folder = write_fake_casia(tmp_path, people=8, videos=False, conditions=conditions)
    few = ["--walks", "1", "--candidates", "2"]
    assert main(["evaluate", "guessing", "--data", str(folder), *few]) == 0
    by_seed, keyed = capsys.readouterr().out.splitlines()[2:]
    assert by_seed.startswith("| the seed | ") and keyed.startswith("| secret and seed | ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "known"), [(baselines.from_seed, OTHER), (baselines.keyed(SECRET), SAME)]
)
def test_seed_of_what_anet_makes_is_guessed_unless_the_noise_has_a_secret(walks, noise, known):
    anet = load("anet", find("anet").path)
    method, guess = (baselines.made_by(anet, each) for each in (noise, baselines.from_seed))
    few = walks.of(walks.person <= 4)
    found = attacked(few, known, method, guess, candidates=64).found(1).mean()
    assert found > 0.7 if noise is baselines.from_seed else found < 0.2  # chance: 0.016
