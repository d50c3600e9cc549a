"""Synthetic walkers. anny and numba are training dependencies: without them, visibly skipped."""

import shutil
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
pytest.importorskip("numba", reason="needs gait_demo/training/requirements.txt")

from gait_demo.datasets.casia import CasiaB, Sequence  # noqa: E402
from gait_demo.errors import DataError  # noqa: E402
from gait_demo.joints import NAMES  # noqa: E402
from gait_demo.synthesis import dataset  # noqa: E402
from gait_demo.synthesis.appearance import Appearance, shade  # noqa: E402
from gait_demo.synthesis.body import (  # noqa: E402
    MOVING_BONES,
    PHENOTYPE_DIMS,
    Body,
    phenotypes,
    template,
)
from gait_demo.synthesis.clothes import BAG, BAGS, OUTFITS  # noqa: E402
from gait_demo.synthesis.exposure import expose, shutter  # noqa: E402
from gait_demo.synthesis.film import FilmOptions, film  # noqa: E402
from gait_demo.synthesis.kinematics import Gait, gait_from_latent  # noqa: E402
from gait_demo.synthesis.protocol import ProtocolOptions, synthesize_protocol  # noqa: E402
from gait_demo.synthesis.render import Camera, rasterise  # noqa: E402
from gait_demo.synthesis.sheet import contact_sheet  # noqa: E402
from gait_demo.synthesis.walker import LATENT_DIM, Walker  # noqa: E402
from gait_demo.synthesis.workers import run_jobs  # noqa: E402
from gait_demo.video import probe, read_frames  # noqa: E402

pytestmark = pytest.mark.slow

CYCLE = np.arange(100) / 100

# Lowest and highest of the normative mean curve, degrees (facts of the gait literature).
PUBLISHED_RANGES = {
    "left_hip_flexion": (-2.1, 37.0),
    "left_knee_flexion": (2.3, 64.8),
    "left_ankle_dorsiflexion": (-13.1, 13.4),
    "left_shoulder_flexion": (-24.0, 6.6),
    "left_elbow_flexion": (25.5, 51.2),
    "left_hip_adduction": (-10.7, 8.6),
}


@pytest.fixture(scope="module")
def latent():
    return np.random.default_rng(3).standard_normal(LATENT_DIM)


@pytest.mark.parametrize("name", PUBLISHED_RANGES)
def test_mean_curves_lie_in_the_published_range(name):
    angle = Gait({}).angles(CYCLE)[name]
    assert np.allclose((angle.min(), angle.max()), PUBLISHED_RANGES[name], atol=1.5)


def test_sides_alternate_half_a_cycle_apart():
    angles = gait_from_latent(np.zeros(23)).angles(CYCLE)
    assert np.allclose(
        np.roll(angles["left_knee_flexion"], -50), angles["right_knee_flexion"], atol=1e-9
    )


def test_people_differ_by_about_the_published_spread():
    rng = np.random.default_rng(0)
    peaks = [
        gait_from_latent(rng.standard_normal(23)).angles(CYCLE)["left_knee_flexion"].max()
        for _ in range(300)
    ]
    assert 2.5 < np.std(peaks) < 8


@pytest.mark.parametrize("outfit", OUTFITS)
def test_walker_stands_on_the_ground_and_is_as_tall_as_a_person(latent, outfit):
    vertices = Walker(latent, outfit).pose(CYCLE[::10])
    assert np.allclose(vertices[:, :, 2].min(1), 0, atol=0.015)
    assert np.all((vertices[:, :, 2].max(1) > 1.35) & (vertices[:, :, 2].max(1) < 2.1))


def test_standing_foot_neither_slides_nor_floats(latent):
    walker = Walker(latent)
    phases = np.arange(50) / 50
    vertices = walker.pose(phases, advance=True)
    left = walker.rest[:, 0] > 0
    for side, stance in ((left, (0.08, 0.54)), (~left, (0.58, 1.0))):
        standing = vertices[(phases >= stance[0]) & (phases < stance[1])][:, side]
        slides = []
        for now, after in zip(standing, standing[1:], strict=False):
            ground = np.argsort(now[:, 2] + after[:, 2])[:8]
            slides.append(np.abs(after[ground, :2] - now[ground, :2]).mean())
        assert np.sum(slides) < 0.03  # metres in all
        assert np.abs(standing[:, :, 2].min(1)).max() < 0.015


def test_people_walk_as_far_and_as_fast_as_people_do():
    rng = np.random.default_rng(1)
    walkers = [Walker(rng.standard_normal(LATENT_DIM)) for _ in range(8)]
    speeds = [walker.stride * walker.cadence for walker in walkers]
    assert 1.1 < np.mean(speeds) < 1.5  # m/s; comfortable speed is 1.27 to 1.46
    assert all(0.8 < walker.stride < 1.9 for walker in walkers)


def test_hands_are_half_closed(latent):
    """The index finger's tip is nearer to its wrist than the spread hand's, left and right."""
    model = template().model
    body = Body(latent[:PHENOTYPE_DIMS])
    with torch.no_grad():
        shape = model.get_phenotype_blendshape_coefficients(**phenotypes(latent[:PHENOTYPE_DIMS]))
        spread = model.get_rest_model(shape)["rest_vertices"][0].numpy()
    for side in "LR":
        bone = model.bone_labels.index(f"finger2-3.{side}")
        weight = np.where(model.vertex_bone_indices == bone, model.vertex_bone_weights, 0).sum(1)
        tip, wrist = weight > 0.9, body.joints[f"wrist.{side}"]
        reach = [np.linalg.norm(v[tip] - wrist, axis=1).max() for v in (spread, body.vertices)]
        assert 0.6 * reach[0] < reach[1] < 0.93 * reach[0]
    moved = np.abs(body.vertices - spread).max(axis=1) > 1e-5
    assert 0 < moved.sum() < 0.2 * len(moved)


def test_moving_limbs_are_blurred_and_standing_ones_are_not(latent):
    walker, camera = Walker(latent), Camera(90, 0, 6, 700, 160, 240)
    look, place = Appearance.draw(np.random.default_rng(0)), np.zeros((240, 160, 3), np.float32)
    open_for = shutter(25) * walker.cadence
    soft = {}
    for name, moments in (("walking", 0.75 + open_for), ("frozen", 0.75 + 0 * open_for)):
        _, coverage = expose(walker, walker.pose(moments), look, camera, place)
        soft[name] = ((coverage > 0.1) & (coverage < 0.9)).sum(axis=1)
    swinging = slice(180, 240)  # rows of the feet
    assert soft["walking"][swinging].sum() > 1.3 * soft["frozen"][swinging].sum()


def test_a_gesture_moves_its_arm_alone(latent):
    walker = Walker(latent)
    walking, raised = (
        walker.pose(np.zeros(1), gesture=gesture)[0]
        for gesture in (None, {"left_shoulder_flexion": 90.0})
    )
    moved = np.linalg.norm(raised - walking, axis=1)
    arms = {side: walker.vertex_bone == MOVING_BONES.index(f"lowerarm01.{side}") for side in "LR"}
    lifted = (raised - walking)[arms["L"]].mean(axis=0)
    assert lifted[2] > 0.15 and lifted[1] < -0.2  # upwards, and forwards
    assert moved[arms["R"]].max() < 1e-6


def test_rasteriser_agrees_with_a_triangle_drawn_by_hand():
    points = np.array([[2, 2, 1], [12, 2, 1], [2, 12, 1], [0, 0, 2], [20, 0, 2], [0, 20, 2]])
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    index, weights = rasterise(points.astype(np.float32), faces, 16, 16)
    y, x = np.mgrid[:16, :16] + 0.5
    near = (x >= 2) & (y >= 2) & (x + y <= 14)
    far = (x + y <= 20) & ~near
    assert np.array_equal(index == 0, near) and np.array_equal(index == 1, far)
    corner = np.stack([weights[..., 0], weights[..., 1], 1 - weights.sum(-1)], -1)[near]
    assert np.allclose(corner @ points[:3, :2], np.stack([x, y], -1)[near], atol=1e-4)


def test_view_angle_follows_casia_b(latent):
    """At 90 degrees the walker moves to the left, at 0 it comes closer."""
    step = np.array([[0, 0, 0.9], [0, -1, 0.9]], np.float32)  # a walker faces -y
    side = Camera(90, 0, 6, 500, 200, 200).project(step)
    front = Camera(0, 0, 6, 500, 200, 200).project(step)
    assert side[1, 0] < side[0, 0] - 50 and abs(side[1, 2] - side[0, 2]) < 1e-4
    assert front[1, 2] < front[0, 2] - 0.9


def test_shading_is_the_chosen_colour_in_full_light(latent):
    walker = Walker(latent)
    look = Appearance.draw(np.random.default_rng(0))
    mesh = walker.pose(np.zeros(1))[0]
    index, weights = rasterise(
        Camera(90, 0, 6, 400, 128, 128).project(mesh), walker.faces, 128, 128
    )
    bright = Appearance(
        look.colours, look.accents, ("plain", "plain"), 0.1, look.light, ambient=1.0
    )
    colours = shade(walker, mesh, index, weights, bright)
    wanted = look.colours[walker.face_kind[index[index >= 0]]]
    assert np.allclose(colours, wanted, atol=1e-6)


def test_shard_has_its_layout_and_comes_out_the_same_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "WALKS_PER_SHARD", 1)
    monkeypatch.setattr(dataset, "PEOPLE_PER_WALK", 2)
    for name in ("a.npz", "b.npz"):
        dataset.write_shard(tmp_path / name, 5, 2)
    dataset.write_shard(tmp_path / "c.npz", 5, 3)
    a, b, c = (np.load(tmp_path / f"{name}.npz") for name in "abc")
    assert a["silhouettes"].shape == (1, 2, dataset.PHASES, 64, 8)
    assert a["codes"].shape == (1, 2, LATENT_DIM)
    assert a["rgb"].shape == (1, 2, len(dataset.RGB_PHASES), 64, 64, 3)
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert not np.array_equal(a["codes"], c["codes"])
    masks = np.unpackbits(a["silhouettes"], axis=-1).astype(bool)
    tall = masks.any(-1).sum(-1)
    assert np.all((tall >= 56) & (tall <= 64))  # head to feet fills the square
    assert not list(tmp_path.glob("*.part"))
    joints = a["joints"].astype(float)
    assert joints.shape == (1, 2, dataset.PHASES, 19, 2)
    near = np.stack([cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) for mask in
                     masks.reshape(-1, 64, 64)])  # fmt: skip
    columns, rows = np.moveaxis((64 * joints).astype(int), -1, 0).reshape(2, -1, 19).clip(0, 63)
    on_body = near[np.arange(len(near))[:, None], rows, columns] > 0
    assert ((joints > 0) & (joints < 1)).all() and on_body.mean() > 0.98
    assert (joints[..., 0, 1] < 0.2).all() and (joints[..., [9, 18], 1] > 0.7).all()


def test_joints_of_the_left_are_on_the_left_and_move_with_the_limbs(latent):
    walker = Walker(latent)
    joints, bones = walker.landmarks(CYCLE), walker.joints(CYCLE)
    assert (joints[:, 1:10, 0].mean(0) > joints[:, 10:, 0].mean(0)).all()
    moved = np.ptp(joints[:, NAMES.index("right_ankle"), 1])
    assert moved == pytest.approx(np.ptp(bones["foot.R"][:, 1]), rel=0.1)
    assert abs(joints[:, NAMES.index("head"), 2].mean() / walker.height - 0.92) < 0.04


def test_synthesize_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "write_shard", _touch)
    kept = tmp_path / "walks-00000.npz"
    kept.write_text("kept")
    seen = []
    options = dataset.SynthesisOptions(tmp_path, walks=25, workers=1)
    paths = dataset.synthesize(options, lambda *progress: seen.append(progress))
    assert [path.exists() for path in paths] == [True] * 3
    assert kept.read_text() == "kept" and seen[-1] == ("synthesize", 3, 3)


def test_an_error_in_one_process_ends_the_others_at_once():
    started = time.monotonic()
    with pytest.raises(ValueError):
        run_jobs(time.sleep, [(90,), (-1,)], 2, lambda done: None)
    assert time.monotonic() - started < 45


def _touch(path, seed, number):
    path.write_text("new")


def test_protocol_has_the_layout_of_casia_b_and_goes_on_where_it_was(tmp_path):
    options = ProtocolOptions(tmp_path, people=(2,), conditions=("nm-01",), views=(0, 90))
    synthesize_protocol(options)
    data = CasiaB(tmp_path)
    side, front = (data.read(Sequence(2, "nm-01", view)) for view in (90, 0))
    assert not side.problems and not front.problems
    assert 60 <= len(side.masks) <= 110 and side.masks.shape[1:] == (240, 320)
    columns = [mask.any(0).nonzero()[0].mean() for mask in side.masks]
    assert columns[0] > 200 > 120 > columns[-1]  # from right to left, across the picture
    tall = front.masks.any(2).sum(1)
    assert tall[-1] > 1.5 * tall[0]  # comes closer

    folder = tmp_path / "GaitDatasetB-silh" / "002" / "nm-01"
    before = {p.name: p.read_bytes() for p in (folder / "090").iterdir()}
    stamp = (folder / "000").stat().st_mtime_ns
    shutil.rmtree(folder / "090")
    synthesize_protocol(options)
    assert {p.name: p.read_bytes() for p in (folder / "090").iterdir()} == before
    assert (folder / "000").stat().st_mtime_ns == stamp

    synthesize_protocol(replace(options, archive=True))
    assert np.array_equal(CasiaB(tmp_path).read(Sequence(2, "nm-01", 90)).masks, side.masks)
    assert not folder.exists()

    for other in (replace(options, seed=1), replace(options, severity=1.0)):
        with pytest.raises(DataError, match='"severity": 0.0'):
            synthesize_protocol(other)
    (tmp_path / "synthesis.json").unlink()  # as in CASIA-B itself
    with pytest.raises(DataError, match="not ours"):
        synthesize_protocol(options)


def test_contact_sheet_shows_everybody_at_every_view(tmp_path):
    options = ProtocolOptions(tmp_path, people=(1, 2), conditions=("nm-01", "cl-01"), views=(0, 90))
    sheet = contact_sheet(options)
    assert sheet.shape == (280, 4 * 72, 3) and sheet.dtype == np.uint8
    colours, silhouettes = np.split(sheet, 2, axis=1)
    assert set(np.unique(silhouettes)) == {0, 255}
    for person in np.split(silhouettes, 2, axis=0):
        for seen in np.split(person[..., 0] > 0, 2, axis=1):
            assert 95 < seen.any(1).sum() < 140 and 1200 < seen.sum() < 5000
    assert colours[silhouettes > 0].std() > 5


def test_protocol_films_what_its_silhouettes_show(tmp_path):
    synthesize_protocol(
        ProtocolOptions(tmp_path, people=(63,), conditions=("bg-02",), views=(72,), rgb=True)
    )
    data, sequence = CasiaB(tmp_path), Sequence(63, "bg-02", 72)
    video, empty = data.video(sequence), data.background(63, 72)
    assert video == tmp_path / "DatasetB-2" / "video" / "063-bg-02-072.avi"
    masks = data.read(sequence).masks
    frames = [frame.rgb.astype(int) for frame in read_frames(video)]
    place = np.mean([frame.rgb for frame in read_frames(empty)], axis=0)
    assert len(frames) == len(masks) and probe(video).fps == 25
    differs = np.abs(frames[40] - place).sum(2) > 60
    seen = masks[40] > 0
    assert differs[seen].mean() > 0.7 and differs[~seen].mean() < 0.03


@pytest.mark.parametrize("bag", BAGS)
def test_bag_is_close_to_the_body_and_moves_with_it(latent, bag):
    walker = Walker(latent, bag=bag)
    of_bag = np.unique(walker.faces[walker.face_kind == BAG])
    body = np.setdiff1d(np.arange(len(walker.rest)), of_bag)
    for mesh in walker.pose(np.array([0.0, 0.4])):
        gaps = np.linalg.norm(mesh[of_bag, None] - mesh[None, body[::7]], axis=-1)
        assert gaps.min() < 0.08 and 0.05 < mesh[of_bag, 2].min()


def test_protocol_refuses_what_casia_b_has_not(tmp_path):
    with pytest.raises(DataError, match="no view 91"):
        ProtocolOptions(tmp_path, views=(91,))


def test_film_shows_two_walkers_before_a_camera_that_turns():
    size = {"width": 240, "height": 160, "person_px": 90, "seed": 1}
    one, two = (list(film(FilmOptions(seconds=3, walkers=n, fps=2, **size)))[-1] for n in (1, 2))
    assert two[1].sum() > 1.5 * one[1].sum() > 0
    frames = [f.astype(int) for f, _ in film(FilmOptions(seconds=0.2, pan_px=40, **size))]
    assert np.abs(frames[-1] - frames[0]).mean() > 10
    assert np.abs(frames[-1][:, 32:] - frames[0][:, :-32]).mean() < 6  # 4 of 5 frames later
    with pytest.raises(DataError, match="pan_px: expected 0 at a view angle of 45"):
        FilmOptions(pan_px=10, view_angle=45)


def test_film_shows_a_walker_who_crosses():
    options = FilmOptions(seconds=3, width=240, height=160, person_px=90, seed=1)
    frames, masks = zip(*film(options), strict=True)
    assert len(frames) == 75 and frames[0].shape == (160, 240, 3)
    columns = [np.average(np.arange(240), weights=m.sum(0)) for m in masks if m.sum() > 1500]
    assert len(columns) > 10 and np.all(np.diff(columns) < 1)  # to the left, at 90 degrees
    outside = np.median([np.abs(f.astype(int) - frames[0]).mean() for f in frames[1:5]])
    assert outside < 6  # the camera is static
