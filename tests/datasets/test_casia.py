"""CASIA-B's names and reader, on a small copy drawn by hand."""

import shutil
import tarfile

import cv2
import numpy as np
import pytest

from gait_demo.datasets.casia import CONDITIONS, SILHOUETTES, VIEWS, CasiaB, Sequence
from gait_demo.errors import DataError

SEQUENCE = Sequence(5, "nm-01", 90)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / SILHOUETTES / "005" / "nm-01" / "090"
    folder.mkdir(parents=True)
    for number in (1, 2, 3, 7):
        image = np.zeros((240, 320), np.uint8)
        image[100:200, 10 * number : 10 * number + 30] = 255
        cv2.imwrite(str(folder / f"005-nm-01-090-{number:03d}.png"), image)
    return tmp_path


def test_names_are_those_of_casia_b():
    assert SEQUENCE.name == "005-nm-01-090"
    assert SEQUENCE.folder == "005/nm-01/090"
    assert SEQUENCE.frame_name(12) == "005-nm-01-090-012.png"
    assert len(VIEWS) * len(CONDITIONS) * 124 == 13_640


def test_frames_are_read_in_order_and_holes_are_told(root):
    read = CasiaB(root).read(SEQUENCE)
    assert read.numbers.tolist() == [1, 2, 3, 7]
    assert read.masks.shape == (4, 240, 320) and read.masks.max() == 1
    assert [int(mask.any(0).argmax()) for mask in read.masks] == [10, 20, 30, 70]
    assert read.problems == ("005-nm-01-090 lacks frames in between: 3",)


def test_what_is_malformed_is_passed_over_and_told(root):
    folder = root / SILHOUETTES / SEQUENCE.folder
    (folder / "005-nm-01-090-004.png").write_bytes(b"no picture")
    (folder / "005-nm-01-090-006.png").write_bytes(b"")
    cv2.imwrite(str(folder / "005-nm-01-090-005.png"), np.zeros((24, 32), np.uint8))
    shutil.copy(folder / "005-nm-01-090-001.png", folder / "006-nm-01-090-001.png")
    read = CasiaB(root).read(SEQUENCE)
    assert read.numbers.tolist() == [1, 2, 3, 7]
    assert [problem.split()[0] for problem in read.problems] == [
        "005-nm-01-090-004.png", "005-nm-01-090-005.png", "005-nm-01-090-006.png",
        "006-nm-01-090-001.png", "005-nm-01-090"
    ]  # fmt: skip


def test_an_empty_sequence_is_a_problem_and_no_error(root):
    data = CasiaB(root)
    assert data.people == (5,)
    assert len(data.sequences()) == 110
    assert data.sequences(people=[6]) == []
    read = data.read(Sequence(5, "cl-02", 0))
    assert len(read.masks) == 0 and read.problems == ("005-cl-02-000 has no silhouettes",)


def test_archives_are_read_as_they_are_distributed(root):
    loose = CasiaB(root).read(SEQUENCE)
    silhouettes = root / SILHOUETTES
    with tarfile.open(silhouettes / "005.tar.gz", "w:gz") as tar:
        tar.add(silhouettes / "005", "005")
    shutil.rmtree(silhouettes / "005")
    packed = CasiaB(silhouettes).read(SEQUENCE)
    assert np.array_equal(loose.masks, packed.masks)


def test_a_damaged_archive_is_told_once_and_passed_over(root):
    silhouettes = root / SILHOUETTES
    with tarfile.open(silhouettes / "005.tar.gz", "w:gz") as tar:
        tar.add(silhouettes / "005", "005")
    shutil.rmtree(silhouettes / "005")
    whole = (silhouettes / "005.tar.gz").read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (b"", b"\x1f\x8b cut off", whole[:middle], flipped):
        (silhouettes / "005.tar.gz").write_bytes(content)
        data = CasiaB(root)
        first, second = (data.read(SEQUENCE) for _ in range(2))
        assert not len(first.masks) and not len(second.masks)
        assert "005.tar.gz is damaged" in first.problems[0] and len(second.problems) == 1


def test_a_folder_without_silhouettes_says_what_is_expected(tmp_path):
    with pytest.raises(DataError, match="GaitDatasetB-silh/001/nm-01/090"):
        CasiaB(tmp_path)
