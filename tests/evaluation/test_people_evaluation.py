"""Measures on labelled people: heads in clear, people found, ids, and the scene around them."""

import json
from collections import Counter
from fractions import Fraction

import cv2
import numpy as np
import pytest
from walker import crossing

from gait_demo.__main__ import main
from gait_demo.errors import DataError, NoPersonError
from gait_demo.evaluation.heads import HeadState, head_state
from gait_demo.evaluation.people import (
    changed_share,
    measure_clip,
    measure_frame,
    measure_people,
    part_around,
    scene,
    summary,
    table,
)
from gait_demo.evaluation.people_labels import (
    LabelledClip,
    LabelledFrame,
    LabelledPerson,
    read_labels,
)
from gait_demo.evaluation.people_sheets import column, sheet
from gait_demo.options import VideoOptions

pytestmark = pytest.mark.slow

SIZE = (320, 240)
SAMPLES = 20
RADII = (6, 12, 24, 60)


def texture(rng: np.random.Generator, side: int, power: float, contrast: float) -> np.ndarray:
    """(side, side) float with a spectrum of 1 / f ** power, as natural pictures have."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency**power).real
    return contrast * (noise - noise.mean()) / noise.std()


def portrait(seed: int, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """A face drawn before a textured background, (6r, 6r, 3) uint8, and its head (3,)."""
    rng = np.random.default_rng(seed)
    side, scale = 6 * radius, 8
    middle = np.array([side / 2 + rng.uniform(-0.2, 0.2), side / 2])
    grey = np.kron(100 + texture(rng, side, 1.2, 25), np.ones((scale, scale))).astype(np.float32)

    def ellipse(x, y, width, height, level):
        centre = scale * (middle + radius * np.array([x, y]))
        axes = scale * radius * np.array([width, height])
        cv2.ellipse(grey, (tuple(map(float, centre)), tuple(map(float, 2 * axes)), 0), level, -1)

    skin, turn = rng.uniform(120, 210), rng.uniform(-0.25, 0.25)
    ellipse(0, -0.05, 0.85, 0.98, rng.uniform(20, 70))
    ellipse(0.5 * turn, 0.15, 0.66, 0.78, skin)
    for eye in (-0.28, 0.28):
        ellipse(turn + eye, 0.02, 0.14, 0.07, skin - 90)
        ellipse(turn + eye, -0.14, 0.18, 0.04, skin - 70)
    ellipse(1.3 * turn, 0.28, 0.07, 0.15, skin - 35)
    ellipse(turn, 0.55, 0.25, 0.06, skin - 70)
    grey = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    grey = grey + texture(rng, side, 1.0, 5)
    rgb = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return rgb, np.array([*middle, radius])


def unchanged(patch, radius):
    return patch


def moved(patch, radius):
    shift = np.array([[1, 0, 0.3 * radius], [0, 1, 0.1 * radius]])
    return cv2.warpAffine(patch, shift, patch.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def turned(patch, radius):
    middle = (patch.shape[1] / 2, patch.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, 8, 0.88)
    return cv2.warpAffine(patch, turn, patch.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def blurred(patch, radius):
    return cv2.GaussianBlur(patch, (0, 0), radius / 2.5)


def painted(patch, radius):
    return np.full_like(patch, patch.mean())


def pixelated(cells):
    def change(patch, radius):
        side = max(1, round(len(patch) * cells / (2 * radius)))
        small = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, patch.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return change


def with_head(image, head, change):
    """A copy whose head, a disc of 1.2 radii, is changed."""
    x, y, radius = head
    low, high = (round(float(x - 1.3 * radius)), round(float(x + 1.3 * radius)))
    rows = slice(round(float(y - 1.3 * radius)), round(float(y + 1.3 * radius)))
    result = image.copy()
    result[rows, low:high] = change(image[rows, low:high], radius)
    v, u = np.mgrid[: len(image), : image.shape[1]]
    return np.where((np.hypot(u - x, v - y) <= 1.2 * radius)[..., None], result, image)


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        pytest.param(unchanged, 1, 1, id="unchanged"),
        pytest.param(moved, 0.95, 1, id="moved"),
        pytest.param(turned, 0.95, 1, id="turned and smaller"),
        pytest.param(blurred, 0, 0, id="blurred"),
        pytest.param(pixelated(6), 0, 0.1, id="6 cells"),
        pytest.param(pixelated(4), 0, 0.05, id="4 cells"),
        pytest.param(painted, 0, 0, id="painted"),
    ],
)
def test_head_state_tells_clear_heads_from_hidden_ones(radius, change, least, most):
    states = Counter(
        head_state(image, with_head(image, head, change), head)
        for image, head in (portrait(seed, radius) for seed in range(SAMPLES))
    )
    assert states[HeadState.PLAIN] == 0
    assert least <= states[HeadState.CLEAR] / SAMPLES <= most


def test_head_state_of_a_tiny_head_is_clear_only_where_its_pixels_stay():
    image, _ = portrait(0, 12)
    head = np.array([36, 36, 3])
    noisy = image.astype(int) + np.random.default_rng(0).integers(-2, 3, image.shape)
    assert head_state(image, noisy.clip(0, 255).astype(np.uint8), head) == HeadState.CLEAR
    assert head_state(image, with_head(image, head, painted), head) == HeadState.HIDDEN


def test_head_state_does_not_judge_heads_without_detail():
    flat = np.full((80, 80, 3), 60, np.uint8)
    assert head_state(flat, flat, np.array([40, 40, 12])) == HeadState.PLAIN


def test_head_state_reads_heads_that_reach_over_the_border():
    image, head = portrait(1, 24)
    cut = image[:, round(float(head[0])) :]
    at_border = head * [0, 1, 1]
    assert head_state(cut, cut, at_border) == HeadState.CLEAR
    assert head_state(cut, np.full_like(cut, 90), at_border) == HeadState.HIDDEN


def labelled(index, *people, ignore=()):
    """Of (id, box) pairs."""
    return LabelledFrame(
        index,
        tuple(LabelledPerson(number, np.array(box, float), None) for number, box in people),
        np.array(ignore, float).reshape(-1, 4),
    )


def measured(labels, boxes):
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    return measure_frame(labels, frame, frame, {n: np.array(box) for n, box in boxes.items()})


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ((100, 50, 140, 150), True),
        ((100, 50, 140, 92), True),  # IoU 0.42
        ((100, 50, 140, 88), False),  # IoU 0.38
        ((0, 0, 200, 200), True),  # IoU 0.1, covered
        ((0, 0, 200, 110), False),  # covered by 60 %
    ],
)
def test_person_is_found_by_iou_or_cover(box, found):
    assert measured(labelled(0, (1, (100, 50, 140, 150))), {7: box}).found.tolist() == [found]


@pytest.mark.parametrize(
    ("box", "false_people"),
    [
        ((100, 50, 140, 150), 0),
        ((115, 60, 120, 70), 0),  # a part of the person
        ((205, 20, 215, 30), 0),  # in an ignored box
        ((250, 50, 290, 150), 1),
        ((135, 50, 175, 150), 1),  # IoU 0.07
    ],
)
def test_false_person_touches_no_label(box, false_people):
    labels = labelled(0, (1, (100, 50, 140, 150)), ignore=[(200, 0, 240, 40)])
    assert measured(labels, {7: box}).false_people == false_people


def test_frame_without_people_has_only_false_ones():
    figures = measured(labelled(0), {7: (10, 10, 40, 90)})
    assert (figures.found.size, figures.tracks, figures.false_people) == (0, [], 1)


def test_summary_counts_switches_and_merges_of_ids():
    left, right = (20, 50, 60, 150), (200, 50, 240, 150)
    runs = [
        (labelled(0, (1, left), (2, right)), {5: left, 6: right}),
        (labelled(10, (1, left), (2, right)), {5: left}),
        (labelled(20, (1, left), (2, right)), {8: left, 5: right}),
    ]
    figures = summary([(labels, measured(labels, boxes)) for labels, boxes in runs])
    assert (figures["labelled"], figures["found"]) == (6, 5)
    assert figures["id_switches"] == 2  # 1: 5 to 8; 2: 6 to 5, though lost between
    assert figures["id_merges"] == 1  # 5 was 1, then 2


def test_scene_leaves_out_people_with_room_for_a_wider_walker_and_its_shadow():
    mask = scene(labelled(0, (1, (150, 60, 190, 160)), ignore=[(10, 10, 30, 50)]), SIZE)
    rows, columns = np.flatnonzero(~mask[:, 170]), np.flatnonzero(~mask[100])
    assert (rows[0], rows[-1] + 1) == (45, 185)
    assert (columns[0], columns[-1] + 1) == (100, 240)
    ignored = np.flatnonzero(~mask[:, 20])
    assert (ignored[0], ignored[-1] + 1) == (4, 56)


def test_changed_share_counts_what_exceeds_twelve_levels_within_the_mask():
    before = np.full((10, 10, 3), 100, np.uint8)
    after = before.copy()
    after[0, :, 1] += 13
    after[1] += 12
    after[9] = 0
    mask = np.ones((10, 10), bool)
    mask[9] = False
    assert changed_share(before, after, mask) == pytest.approx(1 / 9)
    assert changed_share(before, after, np.zeros((10, 10), bool)) is None


def test_part_around_is_everything_of_a_short_clip():
    times = [Fraction(n, 25) for n in range(250)]
    clip = LabelledClip("clip.mp4", (labelled(100),))
    assert part_around(clip, times) == (VideoOptions(), 0)


def test_part_around_keeps_the_index_of_each_frame_of_a_long_clip():
    times = [Fraction(n, 10) + Fraction(n % 2, 100) for n in range(800)]
    part, first = part_around(LabelledClip("clip.mp4", (labelled(300), labelled(340))), times)
    kept = [n for n, time in enumerate(times) if part.start_s <= time < part.end_s]
    assert kept == list(range(first, 391))
    assert first == 250


def test_part_around_reaches_to_both_ends():
    times = [Fraction(n, 10) for n in range(300)]
    clip = LabelledClip("clip.mp4", (labelled(20), labelled(280)))
    assert part_around(clip, times) == (VideoOptions(), 0)


def test_own_labels_are_well_formed():
    clips = read_labels()
    frames = [frame for clip in clips for frame in clip.frames]
    assert len(clips) >= 14
    assert len({clip.clip for clip in clips}) == len(clips)
    assert len(frames) >= 60
    assert any(not frame.people for frame in frames)
    for clip in clips:
        indices = [frame.index for frame in clip.frames]
        assert indices == sorted(set(indices)) and indices[0] >= 0, clip.clip
        for frame in clip.frames:
            where = f"{clip.clip}, frame {frame.index}"
            ids = [person.person_id for person in frame.people]
            assert len(set(ids)) == len(ids), where
            boxes = np.concatenate([frame.boxes, frame.ignore])
            assert (boxes >= 0).all() and (boxes[:, :2] < boxes[:, 2:]).all(), where
            for person in frame.people:
                width, height = person.box[2:] - person.box[:2]
                assert height >= 25 and 0.1 < width / height < 2.5, where
                if person.head is not None:
                    x, y, radius = person.head
                    assert 2 <= radius <= height / 2, where
                    assert (person.box[:2] <= [x, y]).all(), where
                    assert ([x, y] <= person.box[2:]).all(), where
    tiny = [p for f in frames for p in f.people if p.head is not None and p.head[2] <= 6]
    assert len(tiny) >= 12


def test_own_labels_lie_in_the_real_frames(real_data):
    from gait_demo.video import probe

    for clip in read_labels():
        info = probe(real_data / clip.clip)
        for frame in clip.frames:
            boxes = np.concatenate([frame.boxes, frame.ignore])
            assert (boxes[:, 2:] <= [info.width, info.height]).all(), clip.clip


@pytest.mark.parametrize("text", ["{}", "[", '{"clips": [{"clip": "a.mp4"}]}'])
def test_malformed_labels_are_a_sentence(text, tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(DataError, match="labels.json"):
        read_labels(path)


def test_measure_people_keeps_refusals_and_names_absent_clips(tmp_path):
    labels = [LabelledClip(name, (labelled(0),)) for name in ("a.mp4", "b.mp4", "c.mp4")]
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()

    def measure(video, clip):
        if video.name == "b.mp4":
            raise NoPersonError("No walking person was found.")
        frame = labelled(0, (1, (100, 50, 140, 150)))
        figures = summary([(frame, measured(frame, {7: (100, 50, 140, 150)}))])
        run = {"frames": 10, "people": 1, "people_per_frame": 0.5, "ms_per_frame": 20.0}
        return figures | run

    report = measure_people(labels, tmp_path, measure)
    assert report["refused"] == {"b.mp4": "No walking person was found."}
    assert report["absent"] == ["c.mp4"]
    assert json.loads(json.dumps(report))["all"]["found"] == 1
    printed = table(report)
    assert "| a.mp4 | 0 of 0 | 1 of 1 | 0.00% | 0.00% | 0.00 | 0 | 0 | 1 | 0.5 | 20 |" in printed
    assert "Refused: b.mp4: No walking person was found." in printed
    assert "Absent, not measured: c.mp4." in printed


def test_measure_clip_of_a_made_walker(models, tmp_path):
    video = crossing(tmp_path / "clip.mp4")
    x, feet, tall = -39 + 398 * 30 / 59, 0.92 * 240, 130
    box = np.array([x - 30, feet - tall, x + 30, feet])
    head = np.array([x, feet - 0.92 * tall, 0.08 * tall])
    frame = LabelledFrame(30, (LabelledPerson(1, box, head),), np.zeros((0, 4)))
    shown = []
    clip = LabelledClip("clip.mp4", (frame,))
    figures = measure_clip(video, clip, models, lambda *seen: shown.append(column(*seen)))
    assert (figures["labelled"], figures["found"], figures["people"]) == (1, 1, 1)
    assert [figures[name] for name in ("heads", "heads_clear", "heads_plain")] == [1, 0, 0]
    assert figures["scene_changed"] < 0.01
    assert 0.5 < figures["people_per_frame"] <= 1 and figures["ms_per_frame"] > 0
    assert sheet(shown).shape[1] == 480


def test_command_without_any_clip_is_a_sentence(tmp_path, capsys):
    assert main(["evaluate", "people", "--data", str(tmp_path)]) == 2
    assert "holds none of the" in capsys.readouterr().err
