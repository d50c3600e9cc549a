import numpy as np
import pytest
import scenes

from gait_demo.background import build_plate
from gait_demo.errors import NoPersonError, WeightsError
from gait_demo.foreground import ForegroundClip
from gait_demo.tracks import detect_people, find_people
from gait_demo.video import read_frames


def packed(masks):
    clip = ForegroundClip(masks[0].shape, 1.0)
    for mask in masks:
        clip.append(mask)
    return clip


def true_boxes(masks):
    boxes = []
    for mask in masks:
        ys, xs = np.nonzero(mask)
        boxes.append([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1] if len(xs) else [np.nan] * 4)
    return np.array(boxes)


def test_a_box_spans_head_to_feet_and_stays_steady():
    _, _, masks = scenes.walk(paths=((60, 260),))
    damaged = masks[0].copy()
    damaged[::5, :75] = 0  # the head is missing in every fifth frame
    (track,) = find_people(packed(damaged), scenes.FPS)
    truth = true_boxes(masks[0])
    assert track.first_frame == 0 and len(track) == 60 and track.found.all()
    assert np.abs(track.xyxy[:, [1, 3]] - truth[:, [1, 3]]).max() < 4
    middle = (track.xyxy[:, 0] + track.xyxy[:, 2]) / 2
    assert np.abs(middle - np.linspace(60, 260, 60)).max() < 3
    assert np.abs(np.diff(track.xyxy[:, 3] - track.xyxy[:, 1])).max() < 1.5


def test_a_gap_is_bridged_and_marked():
    _, _, masks = scenes.walk(paths=((60, 260),))
    masks[0, 30:36] = 0
    (track,) = find_people(packed(masks[0]), scenes.FPS)
    assert np.flatnonzero(~track.found).tolist() == list(range(30, 36))
    middle = (track.xyxy[:, 0] + track.xyxy[:, 2]) / 2
    assert np.abs(middle - np.linspace(60, 260, 60)).max() < 4


def test_a_person_cut_by_the_border_is_still_boxed_whole():
    _, _, masks = scenes.walk(paths=((-30, 350),))
    (track,) = find_people(packed(masks[0]), scenes.FPS)
    truth = true_boxes(masks[0])
    for n in range(len(track)):
        x0, y0, x1, y1 = truth[track.first_frame + n]
        got = track.xyxy[n]
        assert got[0] < x0 + 3 and got[2] > x1 - 3 and abs(got[3] - got[1] - 110) < 8
    assert track.xyxy[0, 0] < 0 and track.xyxy[-1, 2] > 320


def test_two_people_who_cross_keep_their_ways():
    _, _, masks = scenes.walk(frames=80, paths=((60, 260), (260, 60)), tall=100)
    tracks = find_people(packed(masks.max(axis=0)), scenes.FPS)
    assert [track.track_id for track in tracks] == [1, 2]
    ends = sorted((t.xyxy[[0, -1], 0] + t.xyxy[[0, -1], 2]).tolist() for t in tracks)
    assert np.abs(np.array(ends) / 2 - [[60, 260], [260, 60]]).max() < 8


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((30, 90, 160), np.uint8), "No walking person"),
        (scenes.walk(paths=((60, 260),), tall=34)[2][0], r"too small: 3\d pixels .* at least 48"),
        (np.random.default_rng(0).binomial(1, 0.01, (30, 90, 160)).astype(np.uint8), "No walking"),
    ],
)
def test_nobody(masks, message):
    with pytest.raises(NoPersonError, match=message):
        find_people(packed(masks), scenes.FPS)


def test_light_that_changes_and_a_shaking_camera_make_no_people():
    frames, scene, _ = scenes.walk(frames=40)
    rng = np.random.default_rng(3)

    def empty(t, _):
        moved = np.roll(scene, (t % 3 - 1, t % 2), axis=(0, 1)) * (1 + 0.1 * np.sin(t))
        return np.clip(moved + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8)

    frames = scenes.changed(frames, empty)
    plate = build_plate(iter(frames))
    with pytest.raises(NoPersonError):
        find_people(packed([plate.foreground(frame) for frame in frames]), scenes.FPS)


def test_a_detector_that_sees_nobody(tmp_path, monkeypatch):
    pytest.importorskip("ultralytics")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("network access"))
    from ultralytics import YOLO

    weights = tmp_path / "blank.pt"
    YOLO("yolov8n.yaml").save(weights)
    frames, _, _ = scenes.walk(frames=3)
    with pytest.raises(NoPersonError):
        detect_people(iter(frames), weights, scenes.FPS)


def test_missing_detector_weights(tmp_path):
    with pytest.raises(WeightsError, match="do not exist"):
        detect_people(iter([]), tmp_path / "none.pt", scenes.FPS)


@pytest.mark.parametrize(
    "name", ["biomech_gait_normal_01.mp4", "biomech_gait_abnormal_05_limping.mp4"]
)
def test_a_real_walker_is_followed_without_weights(real_data, name):
    frames = list(read_frames(real_data / "videos" / name))
    plate = build_plate(iter(frames))
    clip = ForegroundClip(plate.foreground(frames[0]).shape, plate.scale)
    for frame in frames:
        clip.append(plate.foreground(frame))
    track = find_people(clip, 30)[0]
    height, tall = track.xyxy[:, 3] - track.xyxy[:, 1], frames[0].rgb.shape[0]
    assert len(track) > 2 * 30 and track.found.mean() > 0.9
    assert 0.35 * tall < np.median(height) < tall
    assert np.abs(np.diff(height)).max() < 0.03 * tall
