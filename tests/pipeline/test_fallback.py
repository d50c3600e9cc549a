"""Without the landmark network the YOLO alone finds people, and the report says what it costs."""

from pathlib import Path

import numpy as np
import pytest
from fixed import NOISE

from gait_demo.errors import WeightsError
from gait_demo.options import Options, VideoOptions
from gait_demo.people.yolo import YoloSegmenter
from gait_demo.pipeline import Models, Pipeline, inspect_clip

EXAMPLE = Path(__file__).parents[2] / "assets" / "street_090.mp4"
OPTIONS = Options(
    video=VideoOptions(start_s=1.0, end_s=3.0),  # a walker in full view
    anonymize=NOISE,
)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """With an empty cache and no network."""
    monkeypatch.setenv("GAIT_DEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GAIT_DEMO_OFFLINE", "1")
    return Models.load()


@pytest.mark.slow
def test_without_person_weights_the_pipeline_runs_and_says_what_that_costs(models, tmp_path):
    assert isinstance(models.segmenter, YoloSegmenter)
    report = Pipeline(models, OPTIONS).run(EXAMPLE, tmp_path / "result").report
    assert report["people"] == 1 and report["frames_covered"] > 0.9 * report["frames_in"]
    first = report["warnings"][0]
    assert report["warnings"][:2] == models.fallbacks
    assert "small detector alone" in first and "may be missed and stay in clear" in first
    assert "pose_detection.tflite" in first
    assert "centerface.onnx" in report["warnings"][1]
    assert [file["name"] for file in report["weights"]] == ["anet", "cnet", "yolo"]


@pytest.mark.slow
def test_whoever_the_yolo_finds_is_taken_out(models, tmp_path):
    pipeline = Pipeline(models, OPTIONS)
    analysis = pipeline.analyse(EXAMPLE, tmp_path / "analysis")
    (person,) = analysis.people
    shares = []
    for new in pipeline.render_frames(analysis, 1):
        position = person.position(new.frame.index)
        if position is None:
            continue
        matte = person.detections[position].matte
        mask = matte.drawn(0, 0, *new.frame.rgb.shape[1::-1]) > 0.9
        beside = mask & (new.binary == 0)
        same = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2) < 6
        shares.append((beside & same).sum() / mask.sum())
    assert len(shares) > 40 and np.mean(shares) < 0.05


def test_a_look_counts_people_by_the_yolo_alone(models):
    seen = inspect_clip(EXAMPLE, models.segmenter, OPTIONS.people)
    assert seen.people == 1


def test_with_all_weights_nothing_is_said(person_weights):
    models = Models.load()
    assert models.fallbacks == [] and not isinstance(models.segmenter, YoloSegmenter)
    names = [file.name for file in models.weights("anet")]
    assert names == ["anet", "cnet", "yolo", "pose_detection", "pose_landmark", "face_detection"]


def test_person_weights_that_the_user_chose_are_not_replaced_in_silence(tmp_path):
    broken = Models.load({"pose_landmark": tmp_path / "none.tflite"})
    with pytest.raises(WeightsError, match=r"There is no file .*none\.tflite"):
        _ = broken.segmenter
