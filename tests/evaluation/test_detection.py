"""The figures of a detector, against numbers worked out by hand."""

import json

import cv2
import numpy as np
import pytest
from media import write_clip

from gait_demo.__main__ import main
from gait_demo.errors import DataError, NoPersonError, VideoError
from gait_demo.evaluation.clips import measure_clip, measure_clips
from gait_demo.evaluation.detection import (
    Tally,
    crowds,
    empty_places,
    held_out_photos,
    measure_pictures,
    table,
)
from gait_demo.evaluation.matching import (
    average_precision,
    followed,
    hits,
    identities,
    mask_iou,
    pairs,
)
from gait_demo.evaluation.references import People, References, decode
from gait_demo.imaging.boxes import iou
from gait_demo.people.yolo import Detections, Detector
from gait_demo.types import Track

SHAPE = (40, 60)


def mask_of(box) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    return mask


def seen(*boxes_and_scores) -> Detections:
    boxes, scores = zip(*boxes_and_scores, strict=True)
    masks = np.array([mask_of(box) for box in boxes], np.uint8)
    return Detections(np.float32(boxes), np.float32(scores), masks)


def test_iou_of_boxes_and_masks():
    a, b = [0, 0, 10, 20], [5, 0, 15, 20]  # 100 of 300 pixels shared
    boxes = np.float32([a, b, [30, 0, 40, 10]])
    assert iou(boxes[:1, None], boxes).tolist() == [pytest.approx([1, 1 / 3, 0])]
    assert mask_iou(mask_of(a), mask_of(b)) == pytest.approx(1 / 3)
    assert iou(np.zeros((0, 1, 4)), boxes).shape == (0, 3)


def test_pairs_are_one_to_one_and_the_best_first():
    likeness = np.array([[0.9, 0.8], [0.85, 0.2], [0.0, 0.7]])
    assert pairs(likeness, 0.5) == [(0, 0), (2, 1)]
    assert pairs(likeness, 0.95) == [] and pairs(np.zeros((0, 3)), 0.5) == []


def test_the_surest_detection_finds_a_person_first():
    ious = np.array([[0.9, 0.0], [0.6, 0.0], [0.7, 0.55]])
    assert hits(ious, np.array([0.5, 0.8, 0.3]), 0.5).tolist() == [-1, 0, 1]


def test_average_precision_worked_by_hand():
    # by falling score: right, wrong, right, wrong, right, of 4 people.
    # Precision 1, 1/2, 2/3, 2/4, 3/5 at recall 1/4, 1/4, 2/4, 2/4, 3/4; the fourth is missed.
    scores = np.array([0.9, 0.5, 0.7, 0.6, 0.8])
    right = np.array([True, True, True, False, False])
    assert average_precision(scores, right, 4) == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)
    # a sure miss lowers what comes after it only up to the best precision beyond: 1/2, 2/3
    assert average_precision(np.array([3, 2, 1]), np.array([False, True, True]), 2) == (
        pytest.approx((2 / 3 + 2 / 3) / 2)
    )
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0


def test_figures_of_pictures_worked_by_hand():
    tally = Tally(score=0.5)
    people = np.array([mask_of([0, 0, 10, 20]), mask_of([20, 0, 30, 20])])
    tally.add(
        seen(
            ([0, 0, 10, 20], 0.9),  # exactly the first
            ([0, 0, 10, 19], 0.8),  # the first again: a false alarm
            ([20, 0, 30, 15], 0.6),  # the second but for its feet: IoU 0.75
            ([40, 0, 50, 20], 0.3),  # nobody, and not sure enough to be an alarm
        ),
        people,
        everybody=True,
    )
    tally.add(seen(([5, 5, 9, 9], 0.7)), people[:0], everybody=True)
    assert tally.figures() == {
        "pictures": 2,
        "people": 2,
        "false_alarms": 1.0,
        "found": 1.0,
        "ap50": round((1 + 1 / 2) / 2, 4),
        "mask_iou": 0.875,
        "mask_iou_median": 0.875,
    }


def test_passers_by_without_masks_are_no_false_alarms():
    tally = Tally(score=0.5)
    person, part = [20, 0, 30, 30], [20, 0, 30, 10]
    passer_by, behind = [0, 0, 10, 20], [26, 0, 36, 20]  # 40 % of the latter within the box
    detections = seen((passer_by, 0.9), (person, 0.8), (behind, 0.7), (part, 0.6))
    tally.add(detections, mask_of(person)[None], everybody=False)
    figures = tally.figures()
    assert figures["ap50"] == 1 and figures["false_alarms"] == 1  # the part


def test_who_is_who_survives_a_crossing_and_a_gap():
    """Two walk towards and past each other, 5 pixels a frame; one is missed while they overlap."""
    frames = []
    for n in range(20):
        right, left = [5 * n, 0, 5 * n + 20, 50], [95 - 5 * n, 0, 115 - 5 * n, 50]
        frames.append(np.float32([right] if 8 <= n <= 10 else [left, right]))
    numbers = identities(frames, gap=4)
    assert all(who == ([1] if 8 <= n <= 10 else [0, 1]) for n, who in enumerate(numbers))
    assert identities(frames, gap=1)[-1] == [2, 1]  # away for too long: somebody else


def test_switches_and_cover_worked_by_hand():
    box, near, far = [0, 0, 10, 20], [2, 0, 12, 20], [40, 0, 50, 20]
    people = [((0,), np.float32([box]))] * 6
    tracks = [
        ((7,), np.float32([near])),
        ((7, 8), np.float32([near, box])),  # 8 fits better, but 7 was there first
        ((8,), np.float32([box])),  # a switch
        ((8,), np.float32([far])),  # lost
        ((8,), np.float32([box])),  # found by the same
        ((), np.zeros((0, 4), np.float32)),
    ]
    assert followed(people, tracks, 0.4) == (4, 1)


def test_reference_boxes_come_from_distributions_over_strides():
    scores = [np.zeros((1, (320 // n) ** 2, 80), np.float32) for n in (8, 16, 32)]
    distances = [np.zeros((1, (320 // n) ** 2, 32), np.float32) for n in (8, 16, 32)]
    cell = 3 * 20 + 5  # row 3, column 5 of the second grid: its middle is at (88, 56)
    scores[1][0, cell, 0] = 0.8
    scores[1][0, cell + 1, 2] = 0.9  # a car
    sides = distances[1][0, cell].reshape(4, 8)
    sides[[0, 1, 2], [1, 2, 3]] = 50  # 1 stride to the left, 2 up, 3 to the right; down the mean
    boxes, sure = decode(scores, distances, 0.5)
    assert boxes.tolist() == [pytest.approx([88 - 16, 56 - 32, 88 + 48, 56 + 3.5 * 16])]
    assert sure.tolist() == [pytest.approx(0.8)]


class Walk:
    """A clip with one person who walks right by 2 pixels a frame, as several would see it."""

    length = 12

    def __init__(self, folder):
        self.video = write_clip(folder / "walk.mp4", frames=self.length, size=(60, 40))
        self.asked = -1

    def box(self, index):
        return [10 + 2 * index, 0, 20 + 2 * index, 30]

    def references(self, rgb):
        """The walker, and a reflection less than a third as tall."""
        self.asked += 1
        boxes = [self.box(self.asked), [50, 0, 54, 9]]
        return People(np.float32(boxes), np.array([mask_of(box) for box in boxes]))

    def detector(self, rgb, size, least):
        """Sees legs and trunk at 320, IoU 2/3; at 640 nobody in every second frame."""
        assert rgb.shape == (*SHAPE, 3)
        x0, y0, x1, y1 = self.box(self.asked)
        if size == 640 and self.asked % 2:
            return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros((0, *SHAPE), np.uint8))
        return seen(([x0, y0 + 10 * (size == 320), x1, y1], 0.9))

    def tracks(self, video):
        """Two tracks, 8 frames in all, of somebody whose head is above the picture."""
        boxes = np.float32([self.box(n) for n in range(self.length)]) - np.float32([0, 60, 0, 0])
        return [
            Track(1, 2, boxes[2:7], np.ones(5, bool)),
            Track(2, 7, boxes[7:10], np.ones(3, bool)),
        ]


def test_figures_of_a_clip_worked_by_hand(tmp_path):
    walk = Walk(tmp_path)
    clip, problem = measure_clip(
        walk.video, walk.detector, walk.references, walk.tracks, (320, 640), 0.25, 60
    )
    assert problem is None
    assert (clip["frames"], clip["step"], clip["person_frames"]) == (12, 1, 12)
    assert clip["found"] == {320: 1.0, 640: 0.5}
    assert clip["mask_iou"] == {320: round(2 / 3, 4), 640: 1.0}
    assert clip["followed"] == round(8 / 12, 4) and clip["switches"] == 1
    assert all(ms >= 0 for ms in clip["ms"].values())


def test_a_long_clip_is_looked_at_in_steps(tmp_path):
    walk = Walk(tmp_path)
    clip, _ = measure_clip(walk.video, walk.detector, walk.references, walk.tracks, (320,), 0, 3)
    assert (clip["frames"], clip["step"]) == (3, 4)
    walk.video = write_clip(tmp_path / "slow.mp4", frames=12, fps=5, size=(60, 40))
    clip, _ = measure_clip(walk.video, walk.detector, walk.references, walk.tracks, (320,), 0, 3)
    assert (clip["frames"], clip["step"]) == (3, 1)  # never more than 0.2 s apart


def test_videos_that_cannot_be_read_or_followed_are_told(tmp_path):
    walk = Walk(tmp_path)
    (tmp_path / "broken.mp4").write_bytes(b"")

    def nobody(video):
        raise NoPersonError("Nobody walks.")

    def measure(video):
        return measure_clip(video, walk.detector, walk.references, nobody, (320,), 0.25, 60)

    clips, problems = measure_clips(tmp_path, measure)
    assert list(clips) == ["walk"]
    assert clips["walk"]["followed"] == 0 and clips["walk"]["found"] == {320: 1.0}
    assert problems[0].startswith("broken.mp4 is passed over")
    assert problems[1] == "walk.mp4 is not followed: Nobody walks."
    with pytest.raises(DataError, match="no videos"):
        measure_clips(tmp_path / "none", measure)
    with pytest.raises(VideoError):
        measure_clip(tmp_path / "broken.mp4", walk.detector, walk.references, nobody, (320,), 0, 9)


@pytest.fixture
def folders(tmp_path):
    """101 photos of one square person each, two pictures of crowds, one empty place."""
    for name in ("photos/img", "photos/mask", "crowds/images/val", "crowds/labels/val", "empty"):
        (tmp_path / name).mkdir(parents=True)
    picture, mask = np.full((*SHAPE, 3), 90, np.uint8), 255 * mask_of([10, 5, 20, 35])
    for n in range(101):
        cv2.imwrite(str(tmp_path / f"photos/img/{n:04d}.jpg"), picture)
        cv2.imwrite(str(tmp_path / f"photos/mask/{n:04d}.png"), mask.astype(np.uint8))
    for n in range(2):
        cv2.imwrite(str(tmp_path / f"crowds/images/val/{n}.jpg"), picture)
    corners = (np.array([[10, 5], [19, 5], [19, 34], [10, 34]]) + 0.5) / SHAPE[::-1]
    line = "0 " + " ".join(f"{value:.5f}" for value in corners.ravel()) + "\n"
    (tmp_path / "crowds/labels/val/0.txt").write_text(line)
    (tmp_path / "crowds/labels/val/1.txt").write_text("")
    cv2.imwrite(str(tmp_path / "empty/place.jpg"), picture)
    return tmp_path


def square(rgb, size, least):
    return seen(([10, 5, 20, 35], 0.9))


def test_pictures_are_read_as_they_were_written(folders):
    for read, name, people in (
        (held_out_photos, "photos", [1] * 100),
        (crowds, "crowds", [1, 0]),
        (empty_places, "empty", [0]),
    ):
        pictures = list(read(folders / name))
        assert [len(masks) for _, masks in pictures] == people
        for rgb, masks in pictures:
            assert rgb.shape == (*SHAPE, 3) and masks.shape[1:] == SHAPE
            assert all((mask == mask_of([10, 5, 20, 35])).all() for mask in masks)
        figures = measure_pictures(pictures, square, (320,), 0.25)[320]
        assert figures["pictures"] == len(people) and figures["people"] == sum(people)
        assert figures["false_alarms"] == 1 - sum(people) / len(people)


@pytest.mark.parametrize("read", [crowds, empty_places])
def test_a_folder_of_another_kind_is_a_sentence(read, tmp_path):
    with pytest.raises(DataError, match="holds no"):
        list(read(tmp_path))


def test_damaged_labels_are_a_sentence(folders):
    (folders / "crowds/labels/val/1.txt").write_text("0 0.1 0.2 0.3\n")
    with pytest.raises(DataError, match="1.txt"):
        list(crowds(folders / "crowds"))


def test_references_that_are_missing_are_a_sentence(tmp_path):
    with pytest.raises(DataError, match="nanodet_m_320.onnx"):
        References.load(tmp_path)


def test_command_prints_a_table_and_says_what_is_absent(folders, monkeypatch, capsys):
    monkeypatch.setattr(Detector, "load", lambda path: square)
    figures = folders / "figures.json"
    arguments = ["--photos", str(folders / "photos"), "--empty", str(folders / "empty")]
    weights = ["--weights", "ours.safetensors", "--threads", "1", "--sizes", "320"]
    assert not main(["evaluate", "detector", *arguments, *weights, "--json", str(figures)])
    printed = capsys.readouterr().out
    assert "| photos | 320 | 100 | 100 | 1.0 | 1.0 | 1.0 | 1.0 | 0.0 |" in printed
    assert "| empty | 320 | 1 | 0 | - | - | - | - | 1.0 |" in printed
    assert "--crowds, --clips." in printed
    assert json.loads(figures.read_text())["pictures"]["photos"]["320"]["ap50"] == 1
    assert main(["evaluate", "detector", "--clips", str(folders), *weights]) == 2
    assert "--references" in capsys.readouterr().err


def test_table_of_clips_says_that_references_are_not_truth():
    clip = {
        "frames": 60, "person_frames": 0, "found": {320: None}, "mask_iou": {320: None},
        "ms": {320: 21.5}, "followed": None, "switches": 0,
    }  # fmt: skip
    report = {
        "weights": "ours.safetensors", "score": 0.25, "sizes": (320,), "pictures": {},
        "machine": {"cores": 2, "threads": 2}, "clips": {"yard": clip}, "absent": [],
    }  # fmt: skip
    printed = table(report)
    assert "references and not truth" in printed and "2 cores with 2 threads" in printed
    assert printed.endswith("| yard | 60 | 0 | - | - | 21.5 | - | 0 |")


def test_references_see_the_walker_of_a_real_clip(real_data):
    from gait_demo.video import read_frames

    references = References.load(real_data / "models")
    frames = read_frames(real_data / "videos" / "biomech_gait_normal_01.mp4")
    rgb = next(frame.rgb for frame in frames if frame.index == 60)
    people = references(rgb)
    assert len(people.xyxy) == 1
    width, height = people.xyxy[0, 2:] - people.xyxy[0, :2]
    assert 350 < height < 520 and 80 < width < 250
    assert 0.3 < people.masks[0].sum() / (width * height) < 0.8
