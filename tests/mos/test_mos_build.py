"""Studies made from walks, and from clips that a lab has; the command line reads their votes."""

import csv
import json
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
import torch
from fake_study import write_study
from walker import crossing, frames

from gait_demo.__main__ import main
from gait_demo.errors import NoPersonError, StudyError
from gait_demo.mos.anchor import BadColours, BadGait
from gait_demo.mos.build import build_study
from gait_demo.mos.database import Database
from gait_demo.mos.footage import footage_of
from gait_demo.mos.importing import import_clips
from gait_demo.mos.plan import StudyPlan, walks_of
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.study import ANCHOR, REFERENCE, Study
from gait_demo.video import probe, read_frames

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class DrawnWalk:
    """`Footage` that shows another walker for every person, view and method."""

    person: int
    view: int
    fps: Fraction = Fraction(25)
    subset: int = 1

    def frames(self, method: str, seed: int):
        shift = (7 * self.person + self.view + seed + len(method)) % 60
        return [np.roll(image, shift, axis=1) for image in frames(12, 96, 72, 50)]


@contextmanager
def drawn(person: int, view: int):
    yield DrawnWalk(person, view)


def test_a_study_is_built_with_everything_that_a_serious_one_needs(tmp_path):
    plan = StudyPlan(tmp_path / "study", (0, 90), 2, ("ours", "ST-GAN"), made_with={"x": "y"})
    study, problems = build_study(plan, drawn)
    assert not problems and Study.load(plan.out) == study
    shown = sorted((c.method, c.view, c.person) for c in study.of_role("rated"))
    assert [m for m, *_ in shown].count("ours") == 4
    assert [m for m, *_ in shown].count("ST-GAN") == 4
    for method in (REFERENCE, ANCHOR):  # one walk at every view, not always the same person's
        assert sorted(row for row in shown if row[0] == method) == [
            (method, 0, "85"), (method, 90, "86")
        ]  # fmt: skip
    assert {c.expected for c in study.of_role("gold")} == {(2,), (4,)}
    apart = {c.person for c in study.clips if c.role != "rated"}
    assert not apart & {c.person for c in study.of_role("rated")}
    for clip in study.clips:
        info = probe(study.path(clip))
        assert (info.width, info.height) == (clip.width, clip.height) == (534, 400)
        assert clip.duration_s == pytest.approx(12 / 25) and not info.has_audio
        assert not any(word in clip.file for word in ("ours", "anchor", "ref", clip.person + "-"))
    practised = [clip.method for clip in study.of_role("training")]
    assert sorted(practised) == ["ST-GAN", ANCHOR, "ours", REFERENCE]  # the span of the scale
    assert not list(plan.out.glob(".part*"))
    with pytest.raises(StudyError, match="holds a study already"):
        build_study(plan, drawn)


def test_a_gold_item_tells_its_answer(tmp_path):
    study, _ = build_study(StudyPlan(tmp_path / "study", (90,), 1), drawn)
    for clip in study.of_role("gold"):
        shown = [frame.rgb for frame in read_frames(study.path(clip))]
        assert shown[0][:78].mean() > 100 > 60 > shown[-1][:78].mean()
        assert shown[-1][:78].max() > 200


def test_the_papers_protocol():
    plan = StudyPlan.paper(out=None)
    clips = [clip for clips in walks_of(plan).values() for clip in clips if clip.role == "rated"]
    assert (plan.raters, plan.per_rater) == (20, 60)
    for view in range(0, 181, 18):
        here = [clip.method for clip in clips if clip.view == view]
        assert sorted(here) == [ANCHOR, *["ours"] * 6, REFERENCE]


def test_what_cannot_be_made_is_told_and_the_rest_is_made(tmp_path):
    @contextmanager
    def stubborn(person: int, view: int):
        if view == 0:
            raise NoPersonError("nobody walks here.")
        with drawn(person, view) as walk:
            yield walk

    study, problems = build_study(StudyPlan(tmp_path / "study", (0, 90), 1), stubborn)
    assert problems == ["Person 85 at 0 degrees is left out: nobody walks here."]
    assert {clip.view for clip in study.of_role("rated")} == {90}


def test_a_lab_brings_its_own_clips(tmp_path):
    crossing(tmp_path / "a.mp4", count=12, width=96, height=72)
    crossing(tmp_path / "b.mp4", count=20, width=96, height=72)
    rows = [
        {"file": "a.mp4", "method": "mine", "view": "90", "person": "P 1"},
        {"file": "b.mp4", "role": "gold", "expected": "4 5"},
    ]
    with (tmp_path / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "role", "method", "view", "person", "expected"])
        writer.writeheader()
        writer.writerows(rows)
    study = import_clips(tmp_path / "clips.csv", StudyPlan(tmp_path / "study"))
    assert [(c.method, c.view, c.person) for c in study.of_role("rated")] == [("mine", 90, "P 1")]
    assert study.of_role("gold")[0].expected == (4, 5)
    assert study.of_role("gold")[0].duration_s == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("method\nours\n", "line 2, is malformed: 'file'"),
        ("file,view\nx.mp4,side\n", "line 2, is malformed"),
        ("file,colour\nx.mp4,red\n", "line 2, is malformed"),
        ("file,role\nx.mp4,gold\n", "expected answers"),
        ("file\n", "no clips to rate"),
    ],
)
def test_a_table_that_is_malformed_is_told(tmp_path, text, words):
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(StudyError, match=words):
        import_clips(tmp_path / "clips.csv", StudyPlan(tmp_path / "study"))


def test_the_command_line_reads_votes(tmp_path, capsys):
    study = write_study(tmp_path / "study", rated=4)
    where = ["--study", str(study.folder), "--db", str(tmp_path / "mos.sqlite")]
    clock = iter(range(0, 10_000, 5))
    store = Store(study, Database(str(tmp_path / "mos.sqlite")), lambda: next(clock))
    for score in (2, 4, 2, 4, 2):
        token = store.join()
        while clip := store.trial(token).clip:
            store.vote(token, clip.id, score)
    figures = tmp_path / "figures.json"
    assert main(["study", "stats", *where, "--json", str(figures)]) == 0
    assert "| ours | all | 2.80 [2.00, 3.60] (10) |" in capsys.readouterr().out
    assert json.loads(figures.read_text())["raters"]["voted"] == 5
    assert main(["study", "export", *where, "--out", str(tmp_path / "export")]) == 0
    assert len((tmp_path / "export" / "votes.csv").read_text().splitlines()) == 1 + 20
    assert json.loads((tmp_path / "export" / "sureal.json").read_text())["dis_videos"]
    assert main(["study", "stats", "--study", str(tmp_path / "none")]) == 2
    assert "There is no study" in capsys.readouterr().err
    nowhere = [*where[:3], str(tmp_path / "typo.sqlite")]
    assert main(["study", "stats", *nowhere]) == 2
    assert "There are no votes in" in capsys.readouterr().err
    assert not (tmp_path / "typo.sqlite").exists()


@pytest.fixture(scope="module")
def walked(models, tmp_path_factory):
    """A walk in the real pipeline, as every method makes it: (T, H, W, 3) float each."""
    folder = tmp_path_factory.mktemp("walked")
    film, secret = crossing(folder / "walk.mp4", count=50), bytes(32)
    open_footage = footage_of(models, {}, lambda *_: film, secret)
    with open_footage(1, 90) as walk:
        assert walk.subset in (1, 2) and walk.fps == 25
        shown = {name: list(walk.frames(name, 3)) for name in (REFERENCE, "ours", ANCHOR)}
    return {name: np.stack(frames).astype(float) for name, frames in shown.items()}


def test_the_low_anchor_is_worse_than_ours_in_movement_and_colour(walked):
    original, ours, anchor = (walked[name] for name in (REFERENCE, "ours", ANCHOR))
    assert original.shape == ours.shape == anchor.shape
    place, whole = np.median(original, axis=0), slice(10, 40)  # before and after, the border cuts
    original, ours, anchor = original[whole], ours[whole], anchor[whole]

    def changed(frames):
        return np.abs(frames - place).mean(axis=-1) > 25

    truth = changed(original)
    lower = np.s_[:, truth.shape[1] // 2 :]

    def strides(frames):
        """How wide the legs are apart, frame by frame; the walker's size does not matter."""
        return changed(frames)[lower].any(axis=1).sum(axis=1)

    follows = [np.corrcoef(strides(original), strides(each))[0, 1] for each in (ours, anchor)]
    assert follows[0] > follows[1] + 0.2  # movement
    both = truth & changed(ours) & changed(anchor)
    error = [np.abs(frames - original)[both].mean() for frames in (ours, anchor)]
    assert error[1] > 2 * error[0]  # colour


def test_the_anchors_gait_stands_still_and_jumps():
    walk = torch.rand(1, 8, 64, 64).round()
    made = BadGait()(walk, torch.zeros(1, 32))
    assert torch.equal(made[:, 0], made[:, 7]) and not torch.equal(made, walk)
    colours = BadColours()(torch.full((1, 3, 64, 64), 0.9), walk[:, 0])
    assert float(colours.mean()) < 0.2


def test_the_study_that_ships_shows_every_condition():
    study = Study.load(StudySettings().study)
    rated = study.of_role("rated")
    assert {REFERENCE, "ours", ANCHOR} <= {clip.method for clip in rated}
    assert len({clip.view for clip in rated}) >= 3
    assert study.of_role("training") and len(study.of_role("gold")) == 2
    for clip in study.clips:
        info = probe(study.path(clip))
        assert (info.width, info.height) == (clip.width, clip.height)
        assert float(info.duration_s) == pytest.approx(clip.duration_s, abs=0.01)
    assert sum(path.stat().st_size for path in study.folder.iterdir()) < 6_000_000
    listed = {clip.file for clip in study.clips} | {"study.json"}
    assert {path.name for path in study.folder.iterdir()} == listed


def test_the_study_that_comes_with_the_app_practises_on_its_whole_range():
    study = Study.load(StudySettings().study)
    practice = study.of_role("training")
    assert 3 <= len(practice) <= 5
    assert {clip.method for clip in practice} == {clip.method for clip in study.of_role("rated")}
    assert all(clip.height >= 400 and clip.duration_s >= 3 for clip in study.clips)
