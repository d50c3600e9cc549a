"""A walk is looked for among people of ours, by recognisers whose answers are known."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_casia import write_fake_casia
from fake_gaits import draw_gaits, walk

from gait_demo.__main__ import main
from gait_demo.errors import WeightsError
from gait_demo.evaluation.attackers import Attacker, AttackerOptions, GaitBase
from gait_demo.evaluation.naturalness import toe_lead
from gait_demo.evaluation.readout import Crowd

FRAMES = 40


@pytest.fixture(scope="module")
def crowd():
    torch.manual_seed(0)
    return Crowd.of(Attacker(GaitBase()), draw_gaits(12, seed=3))


def steps(wide, step):
    return walk(wide, step, 0.1, FRAMES).astype(np.float32)


def by_name(ranks):
    return {rank.recogniser: rank for rank in ranks}


def test_who_is_left_as_they_were_is_found_at_once(crowd):
    user = steps(0.4, 0.5)  # broader than everybody in the crowd
    for rank in crowd.ranks(user, user):
        assert rank.before == rank.after == 1


def test_who_became_somebody_of_the_crowd_is_last(crowd):
    user = steps(0.4, 0.5)
    rank = by_name(crowd.ranks(user, steps(0.17, 0.5)))["gait energy image"]
    assert rank.before == 1 and rank.after > crowd.people / 2


def test_it_does_not_matter_which_way_somebody_walks(crowd):
    user, made = steps(0.2, 0.5), steps(0.15, 0.7)
    user[:, -2:, 40:] = made[:, -2:, 40:] = 1  # toes to the right
    assert toe_lead(user) > 0
    there = crowd.ranks(user, made)
    assert crowd.ranks(user[..., ::-1], made[..., ::-1]) == there


def test_a_walk_that_is_too_short_has_no_rank(crowd):
    short = steps(0.2, 0.5)[:20]
    assert crowd.ranks(short, short) is None
    hidden = steps(0.2, 0.5)
    hidden[25:] = 0
    assert crowd.ranks(hidden, hidden) is None


def test_a_checkpoint_gives_the_same_ranks(crowd, tmp_path):
    path = tmp_path / "recogniser.safetensors"
    crowd.save(path, {})
    again = Crowd.load(path)
    user, made = steps(0.2, 0.5), steps(0.15, 0.7)
    assert again.people == crowd.people == 12
    assert again.ranks(user, made) == crowd.ranks(user, made)


def test_another_checkpoint_is_refused(crowd, tmp_path):
    path = tmp_path / "recogniser.safetensors"
    training = AttackerOptions("GaitSet", steps=1, people=2, walks=2, frames=2)
    other = Crowd(Attacker.train(draw_gaits(2), training), crowd.person, crowd.seen)
    other.save(path, {})  # GaitSet, but what GaitBase has seen
    with pytest.raises(WeightsError, match="does not fit"):
        Crowd.load(path)


def test_the_command_trains_on_some_and_hides_people_among_others(tmp_path):
    data, out = write_fake_casia(tmp_path, people=5, videos=False), tmp_path / "recogniser"
    for n in range(1, 6):  # a second walk each
        first = data / "GaitDatasetB-silh" / f"{n:03d}" / "nm-01"
        for path in sorted(first.rglob("*.png")):
            other = str(path).replace("nm-01", "nm-02")
            Path(other).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, other)
    arguments = ["train", "recogniser", "--data", str(data), "--out", str(out), "--steps", "1"]
    assert main(arguments) == 0
    crowd = Crowd.load(out)
    assert set(crowd.person) == {4, 5} and len(crowd.person) == 4
