import hashlib
import json
from pathlib import Path

import pytest

from gait_demo import weights
from gait_demo.errors import WeightsError
from gait_demo.pipeline import models


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "anet.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps({"anet.safetensors": {"sha256": digest}}))
    return tmp_path


@pytest.fixture
def hub(monkeypatch, tmp_path_factory):
    """A Hub that has every file; returns the list of what was asked of it."""
    asked = []

    def download(repository, file):
        asked.append((repository, file))
        path = tmp_path_factory.mktemp("hub") / file
        path.write_bytes(b"from the Hub")
        return str(path)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setenv("GAIT_DEMO_HUB_REPO", "someone/gait")
    for name in ("GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return asked


def test_checkpoints_come_before_the_hub(folder, hub):
    found = weights.find("anet", folder=folder)
    assert (found.path, found.source) == (folder / "anet.safetensors", "checkpoints") and not hub
    assert found.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_an_explicit_path_comes_first_and_is_not_compared(folder):
    own = folder / "own.safetensors"
    own.write_bytes(b"mine")
    found = weights.find("anet", own, folder=folder)
    assert (found.path, found.source) == (own, "path")
    assert found.sha256 == hashlib.sha256(b"mine").hexdigest()


def test_an_explicit_path_without_a_file_is_an_error(folder):
    with pytest.raises(WeightsError, match=r"none\.pt"):
        weights.find("yolo", folder / "none.pt", folder=folder)


def test_the_detector_is_not_looked_for_before_it_is_used(monkeypatch):
    asked = []

    def find(name, explicit=None):
        asked.append(name)
        return weights.find(name, explicit)

    monkeypatch.setattr(models, "find", find)
    loaded = models.Models.load(yolo=Path("none.pt"))
    assert asked == ["anet", "cnet"]
    with pytest.raises(WeightsError, match=r"none\.pt"):
        _ = loaded.detector


def test_a_pickle_beside_our_weights_is_never_taken(folder):
    (folder / "yolo11n-seg.pt").write_bytes(b"runs code")
    with pytest.raises(WeightsError, match=r"no weights yolo\.safetensors"):
        weights.find("yolo", folder=folder)


def test_a_wrong_hash_is_refused_and_named(folder):
    (folder / "anet.safetensors").write_bytes(b"tampered")
    with pytest.raises(WeightsError, match=hashlib.sha256(b"tampered").hexdigest()):
        weights.find("anet", folder=folder)


def test_the_hub_is_the_last_resort_and_is_verified_too(folder, hub):
    found = weights.find("cnet", folder=folder)
    assert (found.path.read_bytes(), found.source) == (b"from the Hub", "someone/gait")
    assert hub == [("someone/gait", "cnet.safetensors")]
    (folder / "anet.safetensors").unlink()
    with pytest.raises(WeightsError, match="manifest"):
        weights.find("anet", folder=folder)


@pytest.mark.parametrize("name", ["GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_means_offline(folder, hub, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(WeightsError, match="cnet.safetensors"):
        weights.find("cnet", folder=folder)
    assert not hub
