"""Telling made silhouettes from real ones: on shapes that differ, and on shapes that do not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, NoPersonError
from gait_demo.evaluation.realism import frames, geis, realism_report
from gait_demo.evaluation.separation import Pictures, balanced_accuracy, folds_of, judge
from gait_demo.evaluation.walks import Walks, is_whole, read_made, read_real
from gait_demo.types import SilhouetteClip
from gait_demo.video import VideoWriter, probe, read_frames, write_avi


def walker(rng: np.random.Generator, leg_gap: float) -> np.ndarray:
    """(64, 64) float32: a head, a trunk of some width and two legs that far apart."""
    mask = np.zeros((64, 64), np.uint8)
    trunk, gap = int(rng.integers(5, 9)), round(leg_gap * rng.uniform(0.8, 1.2))
    cv2.circle(mask, (32, 6), 5, 1, -1)
    cv2.rectangle(mask, (32 - trunk, 10), (32 + trunk, 38), 1, -1)
    for side in (-1, 1):
        cv2.line(mask, (32, 36), (32 + side * gap, 62), 1, 4)
    return mask.astype(np.float32)


def clip(rng: np.random.Generator, leg_gap: float, length: int = 30) -> SilhouetteClip:
    masks = np.stack([walker(rng, leg_gap) for _ in range(length)])
    squares = np.tile(np.float32([48, 20, 112, 84]), (length, 1))
    return SilhouetteClip(1, 0, masks, squares)


def walks(kind: str, leg_gap: float, people: int = 8, seed: int = 0) -> Walks:
    rng = np.random.default_rng(seed)
    found = Walks()
    for n in range(people):
        found.add(clip(rng, leg_gap), (160, 120), f"{kind}{n}", "side")
    return found


def accuracy(pictures: Pictures) -> float:
    return balanced_accuracy(pictures, judge(pictures, folds=2, steps=40))["accuracy"]


@pytest.mark.parametrize("view", [frames, geis])
def test_kinds_that_differ_are_told_apart(view):
    assert accuracy(view(walks("real", 14), walks("made", 5, seed=1))) > 0.9


def test_two_draws_of_one_kind_are_not():
    pictures = frames(walks("real", 10), walks("made", 10, seed=1))
    assert accuracy(pictures) < 0.7


def test_direction_and_number_of_frames_tell_nothing():
    real, made = walks("real", 10), walks("made", 10, seed=1)
    for mask in real.masks:
        mask[20:30, 40:52] = 1  # an arm forward
    for mask in made.masks:
        mask[20:30, 12:24] = 1  # the same on a walk the other way
    few = [n for n in range(len(made.masks)) if n % 10 == 0 or n < 30]
    for name in ("masks", "good", "person", "group", "track"):
        setattr(made, name, [getattr(made, name)[n] for n in few])
    assert accuracy(frames(real, made)) < 0.75


def test_nobody_is_judged_by_a_network_that_saw_them():
    pictures = frames(walks("real", 14), walks("made", 5, people=5))
    fold = folds_of(pictures, 4, 0)
    for person in np.unique(pictures.person):
        assert len(set(fold[pictures.person == person])) == 1
    for n in range(4):
        assert set(pictures.made[fold == n]) == {False, True}


def test_interval_is_over_people_not_frames():
    pictures = frames(walks("real", 10), walks("made", 10))
    told = pictures.made.astype(np.float32)
    assert balanced_accuracy(pictures, told) == {"accuracy": 1.0, "interval": [1.0, 1.0]}
    told[np.isin(pictures.person, ["real0", "real1"])] = 1  # a quarter of the real, always wrong
    score = balanced_accuracy(pictures, told)
    assert score["accuracy"] == 0.875 and score["interval"][0] <= 0.75


def test_too_few_people_is_a_sentence():
    pictures = frames(walks("real", 14, people=3), walks("made", 5))
    with pytest.raises(DataError, match="Only 3 real people .* at least 4"):
        judge(pictures)


def test_what_the_border_cuts_is_left_out_and_counted():
    found, whole = Walks(), clip(np.random.default_rng(0), 10, length=4)
    whole.squares[1] -= [60, 0, 60, 0]  # its middle comes within 0.4 heights of the left border
    whole.squares[2] += [0, 60, 0, 60]
    found.add(whole, (160, 120), "a", "side")
    assert len(found.masks) == 2 and found.cut == 2


def test_whole_is_one_piece_without_holes():
    mask = (walker(np.random.default_rng(0), 10) > 0).astype(np.uint8)
    hollow, split, cut = mask.copy(), mask.copy(), mask.copy()
    hollow[14:34, 29:36] = 0
    split[40:44] = 0
    cut[56:] = 0
    assert is_whole(mask)
    assert not any(is_whole(bad) for bad in (hollow, split, cut))


@pytest.fixture
def tree(tmp_path):
    """A CASIA-B tree of four people with videos, colours and all; walkers are 120 pixels tall."""
    for person in range(1, 5):
        name = f"{person:03d}-nm-01-090"
        folder = tmp_path / "tree/GaitDatasetB-silh" / f"{person:03d}/nm-01/090"
        videos = tmp_path / "tree/DatasetB-1/video"
        folder.mkdir(parents=True)
        videos.mkdir(parents=True, exist_ok=True)
        masks = np.zeros((3, 240, 320), np.uint8)
        masks[:, 80:200, 140:180] = 1
        for n, mask in enumerate(masks, start=1):
            cv2.imwrite(str(folder / f"{name}-{n:03d}.png"), 255 * mask)
        write_avi(videos / f"{name}.avi", masks[..., None] * np.uint8([200, 40, 90]), 25)
    return CasiaB(tmp_path / "tree")


def test_made_videos_go_through_the_real_camera(tree):
    looks = []

    def extract(video):
        info = probe(video)
        rgb = next(read_frames(video)).rgb
        looks.append((info.width, info.height, rgb))
        return [clip(np.random.default_rng(0), 10)]

    seen, drawn = read_made(tree, extract, [90.0], (160, 120))
    assert seen.videos == len(looks) == 4 and set(seen.person) == {f"made-00{n}" for n in "1234"}
    width, height, rgb = looks[0]
    assert (width, height) == (160, 120)
    assert np.ptp(rgb.astype(int), axis=2).max() <= 4  # grey
    rows = np.flatnonzero(rgb[:, 80, 0] > 40)
    assert abs(len(rows) - 90) <= 3 and rows[0] > 3 and rows[-1] < 117
    read_made(tree, extract, [90.0], (160, 120), colour=True)
    assert np.ptp(looks[-1][2].astype(int), axis=2).max() > 100
    assert len(drawn.masks) == 12 and abs(drawn.masks[0].sum() / 64 - 64 / 3) < 2


def test_a_refused_video_is_counted_and_the_others_go_on(tmp_path):
    for name in ("a_1.mp4", "a_2.mp4", "b_1.mp4"):
        with VideoWriter(tmp_path / name, 160, 120, 25) as writer:
            for n in range(2):
                writer.write(np.zeros((120, 160, 3), np.uint8), n / 25)

    def extract(video):
        if video.stem == "a_1":
            raise NoPersonError("Nobody walks.")
        return [clip(np.random.default_rng(0), 10)]

    found, size = read_real(tmp_path, extract)
    assert size == (160, 120) and found.refused == ["a_1: Nobody walks."] and found.videos == 3
    assert set(found.person) == {"a", "b"} and set(found.group) == {"1", "2"}
    found, _ = read_real(tmp_path, extract, skip="_1")
    assert found.videos == 1
    with pytest.raises(DataError, match="no videos"):
        read_real(tmp_path, extract, skip="_")


def test_report_says_what_gives_them_away(monkeypatch):
    quick = lambda pictures: judge(pictures, folds=2, steps=12)  # noqa: E731
    monkeypatch.setattr("gait_demo.evaluation.realism.judge", quick)
    real, seen = walks("real", 14, people=4), walks("made", 5, people=4, seed=1)
    broken = replace(seen, good=[False] * len(seen.good))
    report, picture = realism_report(real, seen, broken)
    told = report["frames"]
    assert told["bands"]["feet"]["accuracy"] > 0.9 > told["bands"]["head"]["accuracy"]
    assert told["drawn"] is None and set(told["by_group"]) == {"side"}
    assert report["kinds"]["drawn"]["people"] == 4 and report["kinds"]["drawn"]["good"] == 0
    assert picture.dtype == np.uint8 and picture.ndim == 3
    with pytest.raises(DataError, match="Too few people"):
        realism_report(real, walks("made", 5, people=1), broken)
