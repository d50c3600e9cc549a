"""The detector's training, on four small pictures."""

import json

import cv2
import numpy as np
import pytest
from ultralytics.utils.callbacks import default_callbacks

from checkpoints import summary_of
from gait_demo.__main__ import main
from gait_demo.people.yolo import Detector


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowds")
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for n in range(4):
            rgb = np.full((64, 64, 3), 60 * n, np.uint8)
            rgb[10:50, 20:40] = 255
            cv2.imwrite(str(folder / "images" / split / f"{n}.jpg"), rgb)
            corners = "0.31 0.16 0.62 0.16 0.62 0.78 0.31 0.78"
            (folder / "labels" / split / f"{n}.txt").write_text(f"0 {corners}\n")
    (folder / "data.yaml").write_text("train: images/train\nval: images/val\nnames:\n  0: person\n")
    return folder


@pytest.mark.slow
def test_training_writes_weights_that_load(pictures, tmp_path, capsys):
    out = tmp_path / "yolo.safetensors"
    common = ["train", "detector", "--data", str(pictures), "--out", str(out)]
    assert main([*common, "--epochs", "2", "--batch", "2", "--size", "64"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary == summary_of(out)
    assert summary["epochs"] == 2 and summary["data"]["pictures"] == 4
    assert summary["scores"].keys() == {"AP50 of boxes", "AP50 of masks"}
    Detector.load(out)(np.zeros((64, 64, 3), np.uint8), 64)


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on(pictures, tmp_path, capsys, monkeypatch):
    out = tmp_path / "yolo.safetensors"
    common = ["train", "detector", "--data", str(pictures), "--out", str(out)]
    begun = []

    def stop_in_the_second_epoch(trainer):
        begun.append(trainer.epoch)
        if begun == [0, 1]:
            raise KeyboardInterrupt

    monkeypatch.setitem(default_callbacks, "on_train_epoch_start", [stop_in_the_second_epoch])
    assert main([*common, "--epochs", "3", "--batch", "2", "--size", "64"]) == 130
    assert not out.exists()
    assert main([*common, "--resume"]) == 0
    assert begun == [0, 1, 1, 2]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["epochs"] == 3


def test_what_cannot_be_trained_with_is_told(pictures, tmp_path, capsys):
    out = str(tmp_path / "yolo.safetensors")
    assert main(["train", "detector", "--data", str(tmp_path), "--out", out]) == 2
    assert "make it with `synthesize crowds`" in capsys.readouterr().err
    assert main(["train", "detector", "--data", str(pictures), "--out", out, "--resume"]) == 2
    assert "start without --resume" in capsys.readouterr().err
