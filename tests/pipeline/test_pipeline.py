"""The whole way from a video to its results, with the shipped weights and the command line."""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fixed import NOISE
from moviepy import VideoFileClip
from walker import background, crossing, frames, write_clip

from gait_demo.__main__ import main
from gait_demo.errors import NoPersonError, VideoError
from gait_demo.options import AnonymizeOptions, ColorizeOptions, Options, VideoOptions
from gait_demo.pipeline import Pipeline
from gait_demo.pipeline.outputs import NAMES
from gait_demo.silhouettes.crops import crop_square
from gait_demo.video import probe, read_frames
from gait_demo.weights import RELEASED

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[2] / "assets"
NTSC = Fraction(30000, 1001)
COUNT = 60


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "walk.mp4"
    return write_clip(path, frames(COUNT, fps=float(NTSC)), NTSC)


@pytest.fixture(scope="module")
def pipeline(person_weights, models):
    return Pipeline(models, Options(anonymize=NOISE))


@pytest.fixture(scope="module")
def analysis(pipeline, clip, tmp_path_factory):
    return pipeline.analyse(clip, tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def result(pipeline, analysis, tmp_path_factory):
    return pipeline.render(analysis, tmp_path_factory.mktemp("result"), seed=1)


def test_five_files_keep_the_time_of_the_clip(result):
    assert sorted(path.name for path in result.binary.parent.iterdir()) == sorted(NAMES)
    for name in NAMES[:-1]:
        with VideoFileClip(str(result.binary.parent / name)) as video:
            assert video.fps == pytest.approx(float(NTSC), abs=0.01)
            assert video.duration == pytest.approx(COUNT / float(NTSC), abs=1 / float(NTSC))
        assert sum(1 for _ in read_frames(result.binary.parent / name)) == COUNT


def test_the_report_says_what_was_done(result):
    report = json.loads((result.binary.parent / "report.json").read_text())
    assert report == result.report
    assert report["frames_in"] == report["frames_out"] == COUNT
    assert (report["width"], report["height"], report["seed"]) == (320, 240, 1)
    assert report["fps"] == pytest.approx(29.97003)
    assert (report["people"], report["people_in_clear"]) == (1, 0)
    assert report["frames_covered"] > 0.6 * COUNT
    used = {file["name"]: file["source"] for file in report["weights"]}
    ours, released = ("anet", "cnet", "yolo"), RELEASED
    assert used.keys() == {*ours, *released}
    assert {used[name] for name in ours} == {"checkpoints"}
    assert all(len(file["sha256"]) == 64 for file in report["weights"])
    stages = {"people", "background", "removal", "anonymize", "colorize", "encode"}
    assert stages <= report["timings"].keys()
    (track,) = report["tracks"]
    assert (track["person"], track["drawn"], track["kept_pose"]) == (1, True, [])
    assert track["coverage"] == 1 and "height_px" not in track
    assert report["frames_kept_pose"] == 0 and report["warnings"] == []


def test_the_same_seed_gives_the_same_frames_and_another_seed_another_gait(pipeline, analysis):
    first, again, other = (list(pipeline.render_frames(analysis, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a.colorized, b.colorized) for a, b in zip_longest(first, again))
    assert all(np.array_equal(a.binary, b.binary) for a, b in zip_longest(first, again))
    changed = [not np.array_equal(a.binary, b.binary) for a, b in zip_longest(first, other)]
    assert sum(changed) == sum(new.covered for new in first) > 0


def test_outside_the_walker_nothing_changes_and_the_walker_is_gone(pipeline, analysis, clip):
    wall = background(320, 240).astype(int)
    (gait,) = pipeline.gaits(analysis, 1)
    squares = dict(zip(gait.frames, gait.clip.squares, strict=True))
    for new in pipeline.render_frames(analysis, 1):
        old, now = new.frame.rgb.astype(int), new.colorized.astype(int)
        boxes = analysis.people[0].box(new.frame.index), squares.get(new.frame.index)
        outside = np.ones(old.shape[:2], bool)
        for box in boxes:
            if box is not None:
                left, right = np.clip(box[[0, 2]] + [-60, 60], 0, 320).astype(int)
                outside[:, left:right] = False
        assert np.abs(old - now)[outside].max(initial=0) == 0
        drawn = new.binary > 0
        was_person = np.abs(old - wall).max(axis=2) > 60
        ghost = was_person & ~drawn & (np.abs(now - wall).max(axis=2) > 60)
        assert ghost.sum() <= 12, f"frame {new.frame.index}"


def test_the_papers_colours_have_about_the_same_outline_and_are_softer(pipeline, analysis):
    paper = Pipeline(pipeline.models, replace(pipeline.options, colorize=ColorizeOptions("paper")))
    sharpness = []
    (person,) = analysis.people
    for sharp, soft in zip(
        pipeline.render_frames(analysis, 1), paper.render_frames(analysis, 1), strict=True
    ):
        position = person.position(sharp.frame.index)
        if position is None or not person.seen[position]:
            continue
        both = np.minimum(sharp.binary, soft.binary), np.maximum(sharp.binary, soft.binary)
        assert (both[0] > 127).sum() >= 0.6 * (both[1] > 127).sum()
        free = cv2.dilate(both[1], np.ones((25, 25), np.uint8)) == 0  # of the shadow, too
        assert np.array_equal(sharp.colorized[free], soft.colorized[free])
        inside = cv2.erode(both[0], np.ones((7, 7), np.uint8)) > 250
        if inside.any():
            sharpness.append([
                np.abs(cv2.Laplacian(new.colorized, cv2.CV_32F))[inside].mean()
                for new in (sharp, soft)
            ])  # fmt: skip
    first, second = np.mean(sharpness, axis=0)
    assert first > 1.5 * second


def test_a_plain_walker_shows_nothing_of_the_clothes(pipeline, analysis):
    plain = Pipeline(pipeline.models, replace(pipeline.options, colorize=ColorizeOptions("plain")))
    inside = [
        new.colorized[cv2.erode(new.binary, np.ones((7, 7), np.uint8)) > 250]
        for new in plain.render_frames(analysis, 1)
    ]
    pixels = np.concatenate(inside)
    assert len(pixels) > 10_000 and np.ptp(pixels.astype(int), axis=0).max() <= 4  # soft edges


def test_the_shadow_goes_with_the_walker(pipeline, tmp_path):
    wall, lit = background(320, 240), list(frames(40))
    clip, cast = [], []
    for image in lit:
        there = (np.abs(image.astype(int) - wall).max(axis=2) > 30).astype(np.uint8)
        lean = np.float32([[1, 0.35, -10], [0, 1, 4]])  # on the wall, behind and to the right
        shadow = cv2.warpAffine(cv2.medianBlur(there, 5), lean, (320, 240)) * (1 - there)
        dark = 1 - 0.3 * cv2.GaussianBlur(shadow.astype(np.float32), (0, 0), 2)
        clip.append(
            np.where(there[..., None] > 0, image, (image * dark[..., None])).astype(np.uint8)
        )
        cast.append(cv2.erode(shadow, np.ones((5, 5), np.uint8)) > 0)
    video = write_clip(tmp_path / "shadow.mp4", iter(clip))
    analysis = pipeline.analyse(video, tmp_path / "analysis")
    before, after = [], []
    for new in pipeline.render_frames(analysis, 1):
        where = cast[new.frame.index] & (new.binary == 0)
        before.append((wall.astype(int) - new.frame.rgb)[where].ravel())
        after.append((wall.astype(int) - new.colorized)[where].ravel())
    before, after = np.concatenate(before), np.concatenate(after)
    assert before.mean() > 25 and after.mean() < 0.2 * before.mean()


def test_encoding_keeps_the_background(result, analysis, clip):
    errors = []
    for before, after in zip(read_frames(clip), read_frames(result.colorized), strict=True):
        outside = np.ones(before.rgb.shape[:2], bool)
        box = analysis.people[0].box(before.index)
        if box is not None:
            left, right = np.clip(box[[0, 2]] + [-60, 60], 0, 320).astype(int)
            outside[:, left:right] = False
        errors.append(((before.rgb[outside].astype(float) - after.rgb[outside]) ** 2).mean())
    assert 10 * np.log10(255**2 / np.mean(errors)) >= 35


def test_somebody_who_stops_is_not_let_through(pipeline, clip, tmp_path):
    walk = [frame.rgb for frame in read_frames(clip)]
    stopped = write_clip(tmp_path / "stops.mp4", walk[: COUNT // 2] + [walk[COUNT // 2]] * COUNT)
    wall = background(320, 240).astype(int)
    analysis = pipeline.analyse(stopped, tmp_path / "analysis")
    for new in pipeline.render_frames(analysis, 1):
        was_person = np.abs(new.frame.rgb.astype(int) - wall).max(axis=2) > 60
        same = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2) < 12
        beside = was_person & (new.binary == 0)
        assert (beside & same).sum() <= 0.1 * was_person.sum(), new.frame.index


@pytest.mark.slow
def test_a_camera_that_follows_the_walker(pipeline, tmp_path):
    film = list(read_frames(ASSETS / "street_090.mp4"))[:80]
    way = np.linspace(0.5, 0, len(film)) * film[0].rgb.shape[1]  # the walker goes to the left
    wide = film[0].rgb.shape[1] // 2
    panned = [frame.rgb[:, int(x) : int(x) + wide] for frame, x in zip(film, way, strict=True)]
    clip = write_clip(tmp_path / "pan.mp4", panned, Fraction(25))
    analysis = pipeline.analyse(clip, tmp_path / "analysis")
    assert analysis.camera == "moving"
    whole = analysis.people[0]
    first, last = np.flatnonzero(whole.seen)[[0, -1]]
    assert len(whole.track) > 0.5 * len(film) and whole.lost[first:last].mean() < 0.1
    left, gone = 0, 0  # pixels of the old walker beside the new one
    for new in pipeline.render_frames(analysis, 1):
        position = whole.position(new.frame.index)
        if position is None or not whole.seen[position]:
            continue
        square = whole.silhouettes.squares[position]
        old, now, drawn = (crop_square(rgb, square)
                           for rgb in (new.frame.rgb, new.colorized, new.binary))  # fmt: skip
        beside = (whole.silhouettes.masks[position] > 0.9) & (drawn < 0.1)
        same = np.abs(old - now).max(axis=2) < 0.02
        left, gone = left + (beside & same).sum(), gone + (beside & ~same).sum()
    assert gone > 4 * left


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")
def test_4k_comes_back_at_4k_in_bounded_memory(tmp_path):
    small = list(read_frames(ASSETS / "street_090.mp4"))[50:58]
    clip = write_clip(tmp_path / "4k.mp4", [cv2.resize(f.rgb, (3840, 2160)) for f in small])
    code = "import sys; from gait_demo.__main__ import main; main(sys.argv[1:]);"
    code += "print(*(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"
    run = [sys.executable, "-c", code, "anonymize", str(clip), "--out", str(tmp_path / "result")]
    said = subprocess.run(run, capture_output=True, check=True, cwd=ASSETS.parent).stdout
    report, peak_kb = map(json.loads, said.splitlines())
    assert (report["width"], report["height"], report["frames_covered"]) == (3840, 2160, 8)
    assert peak_kb < 2_300_000
    info = probe(tmp_path / "result" / "colorized.mp4")
    assert (info.width, info.height, info.frames) == (3840, 2160, 8)


@pytest.mark.slow
def test_cancelling_leaves_nothing(pipeline, clip, tmp_path):
    class Stop(Exception):
        pass

    for stage in ("people", "removal", "render"):

        def stop(now, done, total, stage=stage):
            if now == stage and done > 10:
                raise Stop

        with pytest.raises(Stop):
            pipeline.run(clip, tmp_path / "result", stop)
        assert list(tmp_path.iterdir()) == []


def test_a_person_who_is_not_there_is_refused(models, analysis):
    options = Options(anonymize=AnonymizeOptions(person=7))
    with pytest.raises(NoPersonError, match="no person 7 in the video, which shows one person"):
        list(Pipeline(models, options).render_frames(analysis, 0))


def _cut_off(path):
    whole = crossing(path.with_name("whole.mp4"), 20).read_bytes()
    path.with_name("whole.mp4").unlink()
    path.write_bytes(whole[: len(whole) // 2])


def _cut_in_half(path):
    whole = (ASSETS / "street_090.mp4").read_bytes()  # its index comes first
    path.write_bytes(whole[: len(whole) // 2])


def _sound_only(path):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), "fltp", "mono")
        silence.rate = 44100
        for packet in stream.encode(silence):
            output.mux(packet)
        output.mux(stream.encode(None))


def _nobody(path):
    write_clip(path, (background(320, 240) for _ in range(30)))


BAD = {
    "not a video": (lambda path: path.write_text("hello " * 999), "not a video"),
    "zero bytes": (lambda path: path.touch(), "empty"),
    "cut off": (_cut_off, "is cut off, "),
    "cut in half": (_cut_in_half, "of it is missing"),
    "no pictures": (_sound_only, "no picture"),
    "one frame": (lambda path: write_clip(path, iter([background(320, 240)])), "one frame"),
    "nobody": (_nobody, "Nobody was seen"),
    "missing": (lambda path: None, "no file"),
}


@pytest.mark.parametrize("make, says", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_sentence_and_leaves_no_file(make, says, tmp_path, capsys):
    source = tmp_path / "input.mp4"
    make(source)
    before = sorted(tmp_path.iterdir())
    assert main(["anonymize", str(source), "--out", str(tmp_path / "result")]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1 and "Traceback" not in said.err and not said.out
    assert sorted(tmp_path.iterdir()) == before


def test_a_clip_over_the_limit_is_refused(models, clip, tmp_path):
    options = Options(video=VideoOptions(max_duration_s=1))
    with pytest.raises(VideoError, match="limit is 1 s"):
        Pipeline(models, options).run(clip, tmp_path / "result")
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_never_overwritten(clip, tmp_path, capsys):
    source = tmp_path / "original.mp4"
    source.write_bytes(clip.read_bytes())
    assert main(["anonymize", str(source), "--out", str(tmp_path)]) == 2
    assert "would overwrite original.mp4" in capsys.readouterr().err
    assert source.read_bytes() == clip.read_bytes()
    assert list(tmp_path.iterdir()) == [source]


def test_bench_prints_one_line_of_json(tmp_path, capsys):
    path = crossing(tmp_path / "walk.mp4", 40)
    assert main(["bench", str(path)]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    measured = json.loads(line)
    assert measured["clip_s"] == pytest.approx(1.6)
    assert measured["ratio"] == pytest.approx(measured["processing_s"] / 1.6, abs=0.01)
    assert sum(measured["stages"].values()) <= measured["processing_s"]
    assert 0 < measured["seed_ratio"] < measured["ratio"]
    assert 0 < measured["seed_cpu_ratio"] < measured["cpu_ratio"]
    assert measured["peak_rss_mb"] > 100
    assert measured["floor"]["decode_s"] > 0 and measured["floor"]["encode_s"] > 0


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("videos/biomech_gait_normal_01.mp4", 1.5),
        ("videos/biomech_gait_abnormal_05_limping.mp4", 3),  # of the last 2 s none is covered
        ("kth/person01_walking_d1_uncomp.mp4", 1.5),
    ],
)
def test_real_clips_come_out_to_their_last_frame(models, name, seconds, real_data, tmp_path):
    clip = probe(real_data / name)
    options = Options(video=VideoOptions(start_s=clip.duration_s - seconds))
    result = Pipeline(models, options).run(real_data / name, tmp_path / "result")
    assert result.report["frames_out"] == result.report["frames_in"]
    assert result.report["frames_in"] == pytest.approx(seconds * float(clip.fps), abs=2)
    assert result.report["frames_covered"] > 0
