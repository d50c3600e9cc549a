import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gait_demo.errors import WeightsError
from gait_demo.people import yolo
from gait_demo.pipeline import Models
from gait_demo.video import read_frames
from gait_demo.weights import CHECKPOINTS, find, publisher

ASSETS = Path(__file__).parents[2] / "assets"


def random_network():
    from ultralytics.nn.tasks import SegmentationModel

    return SegmentationModel(yolo.layers(), verbose=False).eval()


def test_a_network_is_the_same_after_it_was_saved(tmp_path):
    network, path = random_network(), tmp_path / "yolo.safetensors"
    yolo.save_network(path, network, {"epochs": 1})
    again = yolo.load_network(path)
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(network(image)[0][0], again(image)[0][0], atol=1e-3)
    assert again.names == {0: "person"} and path.stat().st_size < 10e6


def test_weights_of_another_network_are_refused():
    with pytest.raises(WeightsError, match="holds 'anet' weights, but 'yolo' was asked for"):
        yolo.Detector.load(CHECKPOINTS / "anet.safetensors")


class Trap:
    """Leaves a folder behind where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


NOT_OPENED = f"was not opened.*{publisher.SHA256}.*train detector"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (publisher.FILE, NOT_OPENED),
        ("own.pth", NOT_OPENED),
        ("own.onnx", NOT_OPENED),
        ("own", NOT_OPENED),
        ("own.safetensors", "own.safetensors cannot be read as safetensors weights"),
    ],
)
def test_a_pickle_that_is_not_the_publishers_is_never_opened(tmp_path, name, sentence):
    sprung = tmp_path / "sprung"
    torch.save({"model": Trap(sprung)}, tmp_path / name)
    with pytest.raises(WeightsError, match=sentence):
        yolo.Detector.load(tmp_path / name)
    with pytest.raises(WeightsError, match=sentence):
        _ = Models.load({"yolo": tmp_path / name}).detector
    assert not sprung.exists()
    torch.load(io.BytesIO((tmp_path / name).read_bytes()), weights_only=False)
    assert sprung.exists()  # the trap works


def test_the_publishers_file_may_lie_anywhere(tmp_path, monkeypatch):
    """As far as opening it: this one, whose hash is taken for the publisher's, is no network."""
    path = tmp_path / "copy.pt"
    path.write_bytes(b"not a pickle")
    monkeypatch.setattr(publisher, "SHA256", hashlib.sha256(b"not a pickle").hexdigest())
    with pytest.raises(WeightsError, match="cannot be loaded by ultralytics"):
        yolo.Detector.load(path)


@pytest.mark.parametrize("name", ["yolo.pth", "yolo.onnx", "yolo.yaml", "yolo"])
def test_the_publishers_file_under_another_suffix_is_to_be_renamed(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(b"theirs")
    monkeypatch.setattr(publisher, "SHA256", hashlib.sha256(b"theirs").hexdigest())
    with pytest.raises(WeightsError, match=rf"{name} is {publisher.FILE}.*ends in \.pt: rename it"):
        yolo.Detector.load(tmp_path / name)


def test_missing_weights(tmp_path):
    with pytest.raises(WeightsError, match="do not exist"):
        yolo.Detector.load(tmp_path / "none.pt")


def test_nobody_is_seen_on_an_empty_wall(monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("network access"))
    ours = yolo.Detector.load(find("yolo").path)
    seen = ours(np.full((90, 160, 3), 128, np.uint8), 320, least=0.4)
    assert len(seen) == 0 and seen.xyxy.shape == (0, 4) and seen.masks.shape == (0, 90, 160)


@pytest.mark.slow
def test_a_detector_is_ready_without_torchvision():
    """ultralytics would import it to warm up, which takes as long as importing torch."""
    loaded = "import sys; from pathlib import Path; from gait_demo.people.yolo import Detector; "
    loaded += "Detector.load(Path(sys.argv[1])); sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", loaded, find("yolo").path], check=True)


@pytest.mark.parametrize("name", ["street_090.mp4", "room_252.mp4"])
def test_our_weights_see_our_walkers(name):
    ours = yolo.Detector.load(find("yolo").path)
    frames = list(read_frames(ASSETS / name))
    looks = [ours(frame.rgb, 320, least=0.25) for frame in frames[len(frames) // 4 :: 8]]
    assert np.mean([len(seen) > 0 for seen in looks]) > 0.75
    for seen in looks:
        assert seen.masks.shape == (len(seen), *frames[0].rgb.shape[:2])
        for (x0, y0, x1, y1), mask in zip(seen.xyxy, seen.masks, strict=True):
            inside = mask[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1].sum()
            assert inside > 0.98 * mask.sum() and inside > 0.2 * (x1 - x0) * (y1 - y0)
