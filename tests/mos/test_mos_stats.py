"""Statistics of ratings against SciPy, Netflix's sureal, and numbers worked out by hand."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from fake_study import write_study
from scipy import stats as scipy_stats

from gait_demo.errors import StudyError
from gait_demo.mos import stats
from gait_demo.mos.export import long_csv, sureal_dataset
from gait_demo.mos.results import results, table
from gait_demo.mos.votes import Vote


def panel(seed: int, people: int = 24, clips: int = 60, missing: float = 0.0) -> np.ndarray:
    """Votes of raters with biases, some of whom press at random."""
    rng = np.random.default_rng(seed)
    quality = rng.uniform(1.5, 4.5, clips)
    votes = quality + rng.normal(0, 0.4, (people, 1)) + rng.normal(0, 0.6, (people, clips))
    votes = np.clip(votes.round(), 1, 5)
    votes[:3] = rng.integers(1, 6, (3, clips))
    votes[rng.random(votes.shape) < missing] = np.nan
    return votes


def test_mos_and_interval_are_scipys():
    votes = panel(1, missing=0.3)
    found = stats.scores(votes)
    for number, column in enumerate(votes.T):
        seen = column[~np.isnan(column)]
        low, high = scipy_stats.t.interval(
            0.95, len(seen) - 1, loc=seen.mean(), scale=scipy_stats.sem(seen)
        )
        assert found.votes[number] == len(seen)
        assert found.mos[number] == pytest.approx(seen.mean())
        assert found.mos[number] - found.ci[number] == pytest.approx(low)
        assert found.mos[number] + found.ci[number] == pytest.approx(high)
    twenty = np.arange(20.0)[:, None] % 5 + 1
    assert stats.scores(twenty).ci[0] == pytest.approx(0.468 * twenty.std(ddof=1), rel=1e-3)


def test_one_vote_has_no_interval_and_none_has_no_mean():
    found = stats.scores(np.array([[3.0, np.nan], [np.nan, np.nan]]))
    assert found.mos[0] == 3 and np.isnan(found.ci).all() and np.isnan(found.mos[1])
    assert np.isnan(stats.clustered_interval(np.array([[3.0], [np.nan]]))).all()


def test_the_interval_of_a_condition_is_that_of_raters_not_of_votes():
    rng = np.random.default_rng(0)
    bias = rng.normal(0, 1, (40, 1))
    votes = 3 + bias + rng.normal(0, 0.1, (40, 50))
    low, high = stats.clustered_interval(votes)
    by_scipy = scipy_stats.bootstrap(
        (votes.mean(axis=1),), np.mean, method="percentile", rng=1, n_resamples=5000
    ).confidence_interval
    assert (low, high) == pytest.approx(tuple(by_scipy), abs=0.03)
    pooled = 2 * scipy_stats.t.ppf(0.975, votes.size - 1) * scipy_stats.sem(votes, axis=None)
    assert high - low > 4 * pooled


def bt500_by_hand(votes: np.ndarray) -> np.ndarray:
    """The Recommendation's steps one by one, with SciPy's moments."""
    above, below = np.zeros(len(votes)), np.zeros(len(votes))
    for column in votes.T:
        seen = column[~np.isnan(column)]
        if len(seen) < 2 or seen.std() == 0:
            continue
        beta = scipy_stats.kurtosis(seen, fisher=False)
        factor = 2 if 2 <= beta <= 4 else 20**0.5
        limit = factor * scipy_stats.tstd(seen)
        above += column >= seen.mean() + limit
        below += column <= seen.mean() - limit
    rejected = []
    for p, q, row in zip(above, below, votes, strict=True):
        count = np.count_nonzero(~np.isnan(row))
        rejected.append((p + q) / count > 0.05 and abs((p - q) / (p + q)) < 0.3)
    return np.array(rejected)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_screening_is_bt500s(missing):
    found = [stats.outliers(panel(seed, missing=missing)) for seed in range(12)]
    expected = [bt500_by_hand(panel(seed, missing=missing)) for seed in range(12)]
    assert np.array_equal(found, expected)
    assert 6 < np.sum(found) < 60  # it rejects somebody, and not everybody


def test_screening_keeps_whoever_errs_to_one_side_only():
    votes = np.tile([3.0, 3, 3, 3, 3, 2, 4], (20, 1)) + np.eye(20, 7)
    votes[0] += 2
    assert not stats.outliers(votes)[0]


def test_bias_is_p913s():
    votes = np.array([[1.0, 2, 3], [2, 3, 4], [3, 4, 5]])
    assert stats.biases(votes) == pytest.approx([-1, 0, 1])
    assert stats.without_bias(votes) == pytest.approx(np.tile([2.0, 3, 4], (3, 1)))


def cast(study, people: int = 12, seed: int = 0, careless: int = 0) -> list[Vote]:
    rng = np.random.default_rng(seed)
    votes = []
    for person in range(people):
        for position, clip in enumerate(study.clips):
            if clip.role == "training":
                continue
            right = 2 if clip.role == "gold" else int(rng.integers(1, 6))
            score = 5 if clip.role == "gold" and person < careless else right
            votes.append(Vote(f"rater{person:02d}", clip.id, score, position, 10.0, 20.0))
    return votes


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"), rated=8, gold=1)


def test_the_report_screens_by_gold_items_and_shows_before_and_after(study):
    report = results(study, cast(study, careless=2))
    assert report["raters"]["rejected_by_gold_items"] == ["rater00", "rater01"]
    assert report["raters"]["finished"] == 12
    before, after = (report["stages"][stage]["views"] for stage in ("all", "attentive"))
    assert [row["votes"] for row in before] == [12, 12, 24, 24, 12, 12]
    assert [row["votes"] for row in after] == [10, 10, 20, 20, 10, 10]
    chosen = [v.score for v in cast(study, careless=2) if v.clip in ("001a", "002a")]
    ours = next(row for row in before if (row["method"], row["view"]) == ("ours", 0))
    assert ours["mos"] == pytest.approx(np.mean(chosen), abs=1e-4)
    assert ours["low"] < ours["mos"] < ours["high"]
    assert "| ours | 0 | " in table(report)


def test_no_interval_leaves_the_scale_or_stands_on_fewer_than_five_votes(study):
    few, many = (results(study, cast(study, people=n)) for n in (4, 12))
    for part in ("clips", "methods", "views"):
        assert {row["low"] for row in few["stages"]["all"][part]} == {None}
        for stage in many["stages"].values():
            assert all(1 <= row["low"] <= row["high"] <= 5 for row in stage[part])
    generous = [replace(vote, score=5 - (vote.rater == "rater00")) for vote in cast(study)]
    assert max(row["high"] for row in results(study, generous)["stages"]["all"]["clips"]) == 5


def test_differences_are_from_the_original_of_the_same_walk_by_the_same_rater():
    votes = np.array([[5.0, 3.0, 1.0], [4.0, np.nan, 2.0], [np.nan, 2.0, 2.0]])
    found = stats.differences(votes, np.array([-1, 0, -1]))
    assert found[0, 1] == 3 and np.isnan(np.delete(found.ravel(), 1)).all()


def test_the_test_between_methods_is_scipys_by_raters_with_holms_correction():
    votes = panel(3, people=20, clips=10)
    first, second = votes[:, :5], votes[:, 5:]
    expected = scipy_stats.wilcoxon(
        first.mean(axis=1), second.mean(axis=1), method="asymptotic"
    ).pvalue
    assert stats.signed_rank(first, second) == pytest.approx(expected)
    assert stats.signed_rank(first, first) == 1
    assert np.isnan(stats.signed_rank(first[:4], second[:4]))
    p = np.array([0.04, np.nan, 0.01, 0.03])
    assert stats.holm(p) == pytest.approx([0.06, np.nan, 0.03, 0.06], nan_ok=True)


def test_the_report_tells_dmos_and_compares_methods(study):
    report = results(study, cast(study, people=12))["stages"]["all"]
    of = {row["method"]: row for row in report["methods"]}
    assert of["reference"]["dmos"] is None
    assert of["ours"]["dmos"] == pytest.approx(
        5 + of["ours"]["mos"] - of["reference"]["mos"], abs=1e-3
    )
    assert of["ours"]["dmos_low"] <= of["ours"]["dmos"] <= of["ours"]["dmos_high"]
    pairs = [test["methods"] for test in report["tests"]]
    assert pairs == [["reference", "ours"], ["reference", "anchor"], ["ours", "anchor"]]
    assert all(0 <= test["p"] <= 1 for test in report["tests"])
    assert "Holm's correction" in table(results(study, cast(study)))


def test_a_report_without_votes_is_empty_not_wrong(study):
    report = results(study, [])
    assert report["raters"]["voted"] == 0
    assert {row["mos"] for row in report["stages"]["unbiased"]["views"]} == {None}
    with pytest.raises(StudyError, match="no votes yet"):
        sureal_dataset(study, [])


def test_long_csv_has_a_row_for_every_vote(study):
    votes = cast(study, people=2)
    head, *rows = long_csv(study, votes).splitlines()
    assert len(rows) == 2 * 9
    first = dict(zip(head.split(","), rows[1].split(","), strict=True))
    assert (first["rater"], first["file"], first["method"], first["view"]) == (
        "rater00", "001a.mp4", "ours", "0"
    )  # fmt: skip
    assert first["score"] == str(votes[1].score)


@pytest.mark.skipif(find_spec("sureal") is None, reason="sureal is not installed: not compared")
def test_sureal_reads_the_export_and_agrees(study, tmp_path):
    votes = cast(study, people=20, seed=3)
    (tmp_path / "votes.json").write_text(sureal_dataset(study, votes))
    command = [sys.executable, "-m", "sureal", "--dataset", "votes.json", "--output-dir", "out"]
    models = ["--models", "MOS", "P913"]
    subprocess.run([*command, *models], cwd=tmp_path, check=True, capture_output=True)
    theirs = json.loads((tmp_path / "out" / "output.json").read_text())
    mos = {entry["dis_video_name"]: entry["models"]["MOS"] for entry in theirs["dis_videos"]}
    for row in results(study, votes)["stages"]["all"]["clips"]:
        assert row["mos"] == pytest.approx(mos[f"{row['clip']}.mp4"]["quality_score"], abs=1e-4)
    rated = [clip.id for clip in study.of_role("rated")]
    scores = [vote.score for vote in votes if vote.clip in rated]
    bias = stats.biases(np.reshape(scores, (20, len(rated))).astype(float))
    found = [entry["models"]["P913"]["observer_bias"] for entry in theirs["observers"]]
    assert bias == pytest.approx(found)


@pytest.mark.skipif(find_spec("sureal") is None, reason="sureal is not installed: not compared")
def test_sureal_rejects_the_same_raters():
    from sureal import BT500Model
    from sureal.dataset_reader import RawDatasetReader

    for seed in range(6):  # of many raters: sureal divides by N, BT.500 by N - 1
        votes = panel(seed, people=150)
        names = [str(number) for number in range(votes.shape[1])]
        dataset = SimpleNamespace(
            ref_videos=[{"content_id": 0, "path": "0"}],
            dis_videos=[
                {"content_id": 0, "asset_id": n, "path": name, "os": list(votes[:, n])}
                for n, name in enumerate(names)
            ],
        )
        theirs = BT500Model(RawDatasetReader(dataset)).run_modeling(normalize_final=False)
        assert list(stats.outliers(votes)) == theirs["observer_rejected"], seed
