from dataclasses import replace

import numpy as np
import pytest
import scenes
from gait_demo.following import joined
from gait_demo.sightings import Sighting, Sightings
from gait_demo.tracks import find_people, follow_people

from gait_demo.background.foreground import ForegroundClip
from gait_demo.background.learning import build_plate
from gait_demo.errors import NoPersonError
from gait_demo.people.yolo import Detections
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


def seen(masks, fps=scenes.FPS, every=1, foreground=None, misses=(), jitter=0.0):
    """What a detector would say of people: all in every `every`-th frame, but for the misses,
    (person, frame)."""
    sightings = Sightings(masks.shape[2:], 1.0)
    rng = np.random.default_rng(0)
    for t in range(masks.shape[1]):
        there = [n for n, mask in enumerate(masks[:, t]) if mask.any() and (n, t) not in misses]
        boxes = [true_boxes(masks[n, t][None])[0] + rng.normal(0, jitter, 4) for n in there]
        detections = Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(there), 0.9, np.float32),
            masks[there, t].reshape(-1, *masks.shape[2:]),
        )
        nothing = np.zeros(masks.shape[2:], np.uint8)
        sightings.append(None if t % every else detections, nothing)
    return sightings


def followed(sightings, moving=None):
    """Tracks, where nothing moves but what is told."""
    nothing = np.zeros((len(sightings), *sightings.shape), np.uint8)
    return follow_people(sightings, packed(nothing if moving is None else moving), scenes.FPS)


def middles(track):
    return (track.xyxy[:, 0] + track.xyxy[:, 2]) / 2


@pytest.mark.parametrize("every", [1, 2, 4])
def test_seen_people_who_cross_keep_their_ways(every):
    _, _, masks = scenes.walk(frames=80, paths=((60, 260), (260, 60)), tall=100)
    hidden = [(1, t) for t in range(35, 46)]  # behind the other
    tracks = followed(seen(masks, every=every, misses=hidden, jitter=1))
    assert [track.track_id for track in tracks] == [1, 2]
    ends = sorted(middles(track)[[0, -1]].tolist() for track in tracks)
    assert np.abs(np.array(ends) - [[60, 260], [260, 60]]).max() < 12
    held = next(track for track in tracks if middles(track)[0] > 200)
    assert (~held.found).sum() in range(8, 22)


@pytest.mark.parametrize("lost", [range(40, 60), range(20)])
def test_somebody_who_is_lost_in_the_middle_of_the_picture_is_followed_by_prediction(lost):
    _, _, masks = scenes.walk(frames=60, paths=((60, 260),))
    (track,) = followed(seen(masks, misses=[(0, t) for t in lost]))
    assert track.first_frame == 0 and len(track) == 60
    assert not track.found[lost].any() and (~track.found).sum() <= 21  # of a tracker, one more
    assert np.abs(middles(track) - np.linspace(60, 260, 60)).max() < 8


@pytest.mark.parametrize("path", [(14, 8), (308, 314)])
def test_who_stays_at_the_border_is_followed_to_the_end(path):
    _, _, masks = scenes.walk(frames=60, paths=(path,))
    (track,) = followed(seen(masks, misses=[(0, t) for t in range(40, 60)]))
    assert len(track) == 60 and np.abs(middles(track)[40:] - path[1]).max() < 8


@pytest.mark.parametrize("path", [(-60, 380), (380, -60)])
def test_a_person_who_walks_out_is_followed_until_nothing_is_left(path):
    _, _, masks = scenes.walk(paths=(path,))
    (track,) = followed(seen(masks))
    there = np.flatnonzero(masks[0].any(axis=(1, 2)))
    assert track.first_frame <= there[0] + 1 and track.first_frame + len(track) > there[-1]
    assert len(track) < len(there) + 6
    away = (middles(track) < 0) | (middles(track) > 320)
    assert (track.found | away).all()


@pytest.mark.parametrize("way", [1, -1])
def test_who_walks_out_below_is_gone(way):
    masks = np.zeros((1, 100, 180, 320), np.uint8)
    for t in range(100):
        masks[0, t] = scenes.figure((180, 320), 160, 165 + 2.5 * t, 110, 0.35 * t)
    there = np.flatnonzero(masks[0].any(axis=(1, 2)))  # 52 frames
    misses = [(0, t) for t in there[-6:]]  # a head alone is not seen
    sightings = seen(masks, misses=misses)
    sightings.frames = sightings.frames[::way]
    (track,) = followed(sightings)
    assert len(there) - 2 <= len(track) <= len(there) + 8
    stays = np.concatenate([masks[:, :30], np.repeat(masks[:, 29:30], 70, axis=1)], axis=1)
    (track,) = followed(seen(stays, misses=[(0, t) for t in range(50, 100)]))
    assert len(track) == 100  # cut by the lower border, and not going anywhere


@pytest.mark.parametrize("farther", [0.8, 1.0])
def test_whom_the_lower_border_cuts_is_boxed_to_the_feet(farther):
    shape, masks, tall = (180, 320), np.zeros((1, 80, 320, 320), np.uint8), []
    for t in range(80):
        tall.append(110 * (1 - (1 - farther) * t / 79))
        masks[0, t] = scenes.figure((320, 320), 160, 260 - 1.5 * t, tall[-1], 0.35 * t)
    truth = true_boxes(masks[0])
    masks = masks[:, :, : shape[0]]
    assert truth[50, 3] > shape[0]
    (track,) = followed(seen(masks))
    for n, box in enumerate(track.xyxy, track.first_frame):
        assert abs(box[3] - truth[n, 3]) < 12 and abs(box[1] - truth[n, 1]) < 8
    cut = masks[:, :40]
    (track,) = followed(seen(cut))
    assert (track.xyxy[:, 3] <= shape[0]).all()  # how tall they are is not known


@pytest.mark.parametrize("blind", [range(75, 100), range(25)])
def test_few_looks_that_are_not_exact_tell_a_speed(blind):
    _, _, masks = scenes.walk(frames=100, paths=((60, 240),))
    for t in range(0, 100, 6):
        masks[0, t] = np.roll(masks[0, t], 4 if t % 12 else -4, axis=1)
    (track,) = followed(seen(masks, every=6, misses=[(0, t) for t in blind]))
    assert np.abs(middles(track) - np.linspace(60, 240, 100)).max() < 6


def test_what_is_bridged_tells_neither_speed_nor_size():
    _, _, masks = scenes.walk(frames=60, paths=((60, 260),))
    masks[0, 38:46] = masks[0, 38]  # caught by the background, ...
    masks[0, 38:46, 140:] = 0  # ... and without feet
    sightings = seen(masks, misses=[(0, t) for t in range(46, 60)])
    for look in sightings.frames[38:46]:
        look[:] = [replace(one, bridged=True) for one in look]
    (track,) = followed(sightings)
    assert np.diff(middles(track)[48:]).mean() > 3  # before: 3.4
    assert track.xyxy[48:, 3].min() > 160


@pytest.mark.parametrize(("gap", "pieces"), [(4, 2), (34, 1)])
def test_who_is_lost_for_longer_may_be_further_off(gap, pieces):
    found, later = range(30), range(30 + gap, 60 + gap)
    step, off = 80 / 29, 50  # 0.45 heights
    sightings = Sightings((180, 320), 1.0, [[] for _ in range(60 + gap)])
    for t in (*found, *later):
        x = 40 + step * t + off * (t in later)
        box = np.array([x - 20, 55, x + 20, 165], np.float32)
        sightings.frames[t].append(Sighting(box, 0.9, b""))
    ways = [dict.fromkeys(frames, 0) for frames in (found, later)]
    assert len(joined(sightings, ways, scenes.FPS)) == pieces


def test_two_who_walk_side_by_side_are_two():
    _, _, masks = scenes.walk(frames=60, paths=((50, 230), (70, 250)))
    tracks = followed(seen(masks), masks.max(axis=0))
    assert len(tracks) == 2 and all(track.sightings is not None for track in tracks)


def test_a_trunk_seen_apart_from_its_person_is_a_part():
    _, _, masks = scenes.walk(frames=60, paths=((60, 260),))
    trunk = np.zeros_like(masks)
    trunk[0, 20:28, :110] = masks[0, 20:28, :110]
    instead = [(0, t) for t in range(22, 26)]
    tracks = followed(seen(np.concatenate([masks, trunk]), misses=instead))
    assert [track.is_part for track in tracks] == [False, True]
    whole, part = (true_boxes(masks[0]), tracks[1])
    beside = np.abs(middles(part) - (whole[:, 0] + whole[:, 2]) / 2)
    assert len(part) == 60 and beside.max() < 8  # goes along before and after
    assert (part.sightings >= 0).sum() == part.found.sum() in (7, 8)
    child = scenes.walk(frames=60, paths=((60, 260),), tall=60)[2]  # in front of them all the way
    assert [one.is_part for one in followed(seen(np.concatenate([masks, child])))] == [False] * 2


@pytest.mark.parametrize(("score", "people"), [(0.55, 1), (0.8, 2)])
def test_somebody_and_what_is_behind_them_are_no_giant(score, people):
    _, _, masks = scenes.walk(frames=60, paths=((60, 260),), tall=70)
    giant = scenes.walk(frames=60, paths=((60, 260),), tall=140)[2]
    sightings = seen(np.concatenate([masks, giant]))
    sightings.frames = [[one, replace(other, score=score)] for one, other in sightings.frames]
    tracks = followed(sightings)
    assert len(tracks) == 2 and sum(not track.is_part for track in tracks) == people


def test_the_boxes_of_a_tracker_are_steady():
    _, _, masks = scenes.walk(paths=((60, 260),))
    (track,) = followed(seen(masks, jitter=3))
    assert np.abs(np.diff(track.xyxy[:, 3] - track.xyxy[:, 1])).max() < 1.5
    assert np.abs(middles(track) - np.linspace(60, 260, 60)).max() < 4  # no lag


def test_what_moves_like_a_person_counts_where_the_detector_is_not_sure():
    _, _, masks = scenes.walk(frames=60, paths=((60, 260), (260, 60)), tall=100)
    moving = masks.max(axis=0)
    only_one, unsure = seen(masks[:1]), seen(masks[1:])
    (track,) = followed(only_one, moving)  # the other may be anything, and is erased
    assert middles(track)[0] < 100
    for frame, other in zip(only_one.frames, unsure.frames, strict=True):
        frame += [replace(one, score=0.2) for one in other]
    tracks = followed(only_one, moving)
    assert sorted(middles(track)[0] > 160 for track in tracks) == [False, True]
    nobody = seen(np.zeros_like(masks))
    assert len(followed(nobody, moving)) == 2


def test_who_never_moves_must_be_seen_surely():
    _, _, masks = scenes.walk(frames=40, paths=((100, 100),))
    sightings = seen(masks)
    assert len(followed(sightings)) == 1
    sightings.frames = [[replace(one, score=0.5) for one in look] for look in sightings.frames]
    with pytest.raises(NoPersonError):
        followed(sightings)


@pytest.mark.parametrize(("looks", "people"), [(range(20, 24), 2), (range(20, 22), 1)])
def test_who_is_seen_surely_but_briefly_is_followed(looks, people):
    _, _, masks = scenes.walk(frames=60, paths=((60, 150), (260, 190)))
    misses = [(1, t) for t in range(60) if t not in looks]
    assert len(followed(seen(masks, misses=misses))) == people


def test_what_is_seen_now_and_then_in_a_long_while_is_nobody():
    _, _, masks = scenes.walk(frames=200, paths=((60, 150), (260, 190)))
    misses = [(1, t) for t in range(200) if t % 20 > 1]  # 2 looks of 20, which are joined
    assert len(followed(seen(masks, misses=misses))) == 1


def test_nobody_seen():
    with pytest.raises(NoPersonError, match="No walking person"):
        followed(seen(np.zeros((1, 30, 90, 160), np.uint8)))
    small = scenes.walk(paths=((60, 260),), tall=34)[2]
    with pytest.raises(NoPersonError, match="too small"):
        followed(seen(small))


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
