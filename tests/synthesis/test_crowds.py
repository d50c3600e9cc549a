import cv2
import numpy as np
import pytest

from gait_demo.datasets.photos import read_photos
from gait_demo.errors import DataError
from gait_demo.synthesis import crowds
from gait_demo.synthesis.cutouts import Cutout, photograph, random_walker
from gait_demo.synthesis.outlines import outline, yolo_lines


@pytest.fixture(scope="module")
def walkers():
    return [random_walker(np.random.default_rng(1))]


@pytest.fixture(scope="module")
def photo_folder(tmp_path_factory):
    """102 photos of one flat figure."""
    folder = tmp_path_factory.mktemp("photos")
    mask = np.zeros((80, 60), np.uint8)
    cv2.ellipse(mask, (30, 40), (10, 36), 0, 0, 360, 255, -1)
    rgb = np.where(mask[..., None] > 0, 200, 60).astype(np.uint8).repeat(3, axis=2)
    for kind, picture, ending in (("img", rgb, "jpg"), ("mask", mask, "png")):
        (folder / kind).mkdir()
        data = cv2.imencode(f".{ending}", picture)[1].tobytes()
        for n in range(102):
            (folder / kind / f"{n:04d}.{ending}").write_bytes(data)
    return folder


def filled(corners, shape):
    return cv2.fillPoly(np.zeros(shape, np.uint8), [corners.astype(np.int32)], 1)


def test_an_outline_holds_all_parts_of_a_mask():
    mask = np.zeros((80, 60), bool)
    mask[10:30, 20:30], mask[40:70, 15:22], mask[45:72, 30:38] = True, True, True
    again = filled(outline(mask), mask.shape)
    assert (again & mask).sum() == mask.sum() and again.sum() < 1.06 * mask.sum()


def test_a_label_line_is_the_outline_in_shares_of_the_picture():
    mask = np.zeros((40, 80), bool)
    mask[10:20, 20:60] = True
    (line,) = yolo_lines([mask])
    kind, *numbers = line.split()
    corners = np.array(numbers, float).reshape(-1, 2) * (80, 40)
    assert kind == "0"
    assert corners.min(axis=0).tolist() == [20.5, 10.5]
    assert corners.max(axis=0).tolist() == [59.5, 19.5]


def test_a_photographed_walker_is_as_tall_as_asked(walkers):
    cutout = photograph(walkers[0], 120, np.random.default_rng(0))
    assert cutout.alpha.shape[0] == 120 and cutout.colour.shape == (*cutout.alpha.shape, 3)
    assert 0.1 < (cutout.alpha > 0.5).mean() < 0.8
    assert (cutout.colour <= cutout.alpha[..., None] + 1e-5).all()  # premultiplied


def test_crowds_are_labelled_where_people_are_seen(walkers, photo_folder):
    photos, rng = read_photos(photo_folder).training, np.random.default_rng(3)
    people = 0
    for _ in range(12):
        picture, masks = crowds.crowd(rng, walkers, photos)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and max(picture.shape) == 416
        assert all(mask.shape == picture.shape[:2] and mask.sum() > 40 for mask in masks)
        assert not masks or np.sum(masks, axis=0).max() == 1  # nobody is seen through another
        people += len(masks)
    assert people > 12


def test_who_is_in_front_hides_who_is_behind():
    picture = np.zeros((50, 50, 3), np.float32)
    person = Cutout(np.ones((30, 10, 3), np.float32), np.ones((30, 10), np.float32))
    seen = person.draw_into(picture, -10, 45)
    assert seen.sum() == 20 * 5 and seen[:20, 45:].all()
    assert picture[:20, 45:].min() > 0.4 and picture[20:].max() == 0


def test_a_folder_of_crowds(tmp_path):
    options = [crowds.CrowdOptions(tmp_path / name, count=2, workers=1) for name in "ab"]
    for each in options:
        crowds.synthesize_crowds(each)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert [str(p) for p in files] == [
        "data.yaml", "images/train/00000.jpg", "images/train/00001.jpg", "images/val/00000.jpg",
        "labels/train/00000.txt", "labels/train/00001.txt", "labels/val/00000.txt",
    ]  # fmt: skip
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_photos_are_held_out_and_missing_masks_are_told(photo_folder, tmp_path):
    photos = read_photos(photo_folder)
    assert [photo.image.stem for photo in photos.training] == ["0000", "0001"]
    assert len(photos.held_out) == 100
    rgb, mask = photos.training[0].read()
    assert rgb.shape == (80, 60, 3) and mask.dtype == bool and mask[40, 30] and not mask[0, 0]
    with pytest.raises(DataError, match="holds 0 photos"):
        read_photos(tmp_path)
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "1.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="There is no mask"):
        read_photos(tmp_path)
