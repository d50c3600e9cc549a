"""Training on CASIA-B's layout: what is drawn from it, and what is told about its holes."""

import numpy as np
import pytest
import torch
from fake_casia import FRAMES, write_fake_casia
from fake_walks import write_fake_walks

from gait_demo.__main__ import main
from gait_demo.datasets.casia import SILHOUETTES, CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.models import build
from gait_demo.models.anet import ANetDims
from gait_demo.models.cnet import CNetDims
from gait_demo.training.anet import ANetTrainingOptions, train_anet
from gait_demo.training.casia import CasiaWalks, read_casia
from gait_demo.training.cnet import CNetTrainingOptions, train_cnet
from gait_demo.training.footage import Footage
from gait_demo.training.source import read_source

ANET = ANetDims(encoder_width=4, generator_width=4, content_dim=8, latent_dim=8)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_fake_casia(tmp_path_factory.mktemp("casia"))


def folder(root, person):
    return root / SILHOUETTES / Sequence(person, "nm-01", 90).folder


def test_pictures_show_the_person_of_their_silhouette(tree):
    walks = read_source(tree, rgb=True).training
    assert len(walks.rgb) == 8 and walks.silhouettes.shape == (2 * FRAMES, 64, 8)
    rng = torch.Generator().manual_seed(0)
    pictures = walks.pictures(32, rng)
    for crop, mask in zip(pictures.rgb.int(), pictures.silhouettes > 0, strict=True):
        red = crop[..., 0] - crop[..., 1] > 90
        assert (red & mask).sum() > 0.9 * (red | mask).sum()


def test_others_are_other_people_at_the_same_view_and_the_most_alike():
    """A silhouette of so many rows as its person's number, the view in the last bit of a row."""
    people, views = np.meshgrid([3, 10, 12, 40], [0, 90], indexing="xy")
    who = np.repeat((1000 * views + people).ravel(), 5)
    masks = np.zeros((len(who), 64, 64), np.uint8)
    for mask, number in zip(masks, who, strict=True):
        mask[: number % 1000] = 1
        mask[:, 63] = number >= 1000
    walks = CasiaWalks(
        silhouettes=torch.from_numpy(np.packbits(masks, axis=-1)),
        who=torch.from_numpy(who),
        ahead=torch.ones(len(who), dtype=torch.int64),
        rgb=torch.zeros((len(who), 64, 64, 3), dtype=torch.uint8),
        rgb_frames=torch.arange(len(who)),
    )
    pictures = walks.pictures(200, torch.Generator().manual_seed(0))
    own, other = (m[:, :, 0].sum(1) for m in (pictures.silhouettes, pictures.others))
    assert torch.equal(pictures.silhouettes[:, -1, 63], pictures.others[:, -1, 63])
    assert not (own == other).any()
    nearest = {3: 10, 10: 12, 12: 10, 40: 12}  # with the person's own frames left out
    found = np.array([int(b) == nearest[int(a)] for a, b in zip(own, other, strict=True)])
    assert set(own.tolist()) == set(nearest) and found.mean() > 0.95


def test_windows_are_frames_in_a_row(tmp_path, capsys):
    root = write_fake_casia(tmp_path, people=1, videos=False)
    (folder(root, 1) / "001-nm-01-090-011.png").unlink()
    (folder(root, 1) / "001-nm-01-090-020.png").write_bytes(b"no picture")
    walks = read_casia(CasiaB(root), [1])
    expected = [*range(10, 0, -1), *range(8, 0, -1), *range(6, 0, -1)]
    assert walks.ahead.tolist() == expected
    told = capsys.readouterr().err
    assert "001-nm-01-090-020.png is not a readable picture" in told
    assert "lacks frames in between: 2" in told
    assert "109 of 110 sequences have no silhouettes" in told
    windows = walks.windows(16, 8, torch.Generator().manual_seed(0))
    assert windows.walker.shape == (16, 8, 64, 64) and windows.code.shape == (16, 32)
    assert torch.equal(windows.other, windows.walker)
    moved = (windows.walker[:, 1:] - windows.walker[:, :-1]).abs().mean((2, 3))
    assert 0 < moved.min() and moved.max() < 0.06  # twice as much across a gap


def test_people_whom_the_border_cuts_do_not_count(tree):
    seen = CasiaB(tree).read(Sequence(1, "nm-01", 90))
    whole = Footage.of(seen)
    assert whole.numbers.tolist() == list(range(1, FRAMES + 1))
    cut = Footage.of(type(seen)(seen.sequence, seen.numbers, seen.masks[:, :, :150], ()))
    gone = next(n for n, mask in enumerate(seen.masks, 1) if mask[:, 149:].any())
    assert 8 < gone and cut.numbers.tolist() == list(range(1, gone))


def test_both_networks_train_and_say_on_what(tree, tmp_path):
    common = {"data": tree, "preset": "paper", "steps": 2, "batch": 8, "bf16": False}
    anet = train_anet(
        ANetTrainingOptions(out=tmp_path / "a.safetensors", dims=ANET, critic_width=4, **common)
    )
    cnet = train_cnet(
        CNetTrainingOptions(out=tmp_path / "c.safetensors", dims=CNetDims(width=4), **common)
    )
    for summary, pictures in ((anet, 0), (cnet, 16)):
        assert summary["data"].pop("sha256")
        assert summary["data"] == {
            "people": [1, 2], "held_out": [3, 4], "silhouettes": 4 * FRAMES, "pictures": pictures
        }  # fmt: skip
    assert build.load(tmp_path / "a.safetensors", "anet").dims == ANET


def test_a_broken_video_is_passed_over(tmp_path, capsys):
    root = write_fake_casia(tmp_path)
    videos = root / "DatasetB-1/video"
    (videos / "001-nm-01-090.avi").unlink()
    (videos / "002-nm-01-090.avi").write_bytes(b"no video")
    (videos / "003-nm-01-090.avi").write_bytes((videos / "004-nm-01-090.avi").read_bytes()[:9000])
    walks = read_casia(CasiaB(root), [1, 2, 3, 4], rgb=True)
    assert set((walks.who[walks.rgb_frames] % 1000).tolist()) - {3} == {4}
    told = capsys.readouterr().err
    assert "1 of 440 sequences have no video" in told
    assert "002-nm-01-090.avi" in told and "003-nm-01-090.avi" in told


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"pairs": True}, "--preset paper"),
        ({"people": (1, 2, 3)}, "data has 3"),
        ({"people": (60, 61)}, "data has 0"),
        ({"rgb": True}, "DatasetB-1/video"),
    ],
)
def test_data_that_cannot_do_says_what_is_missing(tmp_path, wanted, sentence):
    root = write_fake_casia(tmp_path, videos=False)
    with pytest.raises(DataError, match=sentence):
        read_source(root, **wanted)


def test_the_command_line_tells_folders_apart(tree, tmp_path, capsys):
    def said(data, *more):
        out = str(tmp_path / "net.safetensors")
        assert main(["train", "anet", "--data", str(data), "--out", out, *more]) == 2
        return capsys.readouterr().err

    assert "several people" in said(tree)
    assert "--people" in said(write_fake_walks(tmp_path / "walks"), "--people", "1-74")
    assert "nothing to train on" in said(tmp_path / "nowhere")
