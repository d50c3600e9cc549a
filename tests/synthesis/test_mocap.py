"""BVH files, against positions worked out by hand; and the check that uses them."""

import shutil
from itertools import pairwise

import numpy as np
import pytest

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError
from gait_demo.synthesis.mocap import Motion, read_bvh
from gait_demo.synthesis.recorded import RecordedWalk, read_subjects

ARM = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Arm
  {
    OFFSET 0 2 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT Hand
    {
      OFFSET 1 0 0
      CHANNELS 3 Zrotation Yrotation Xrotation
      End Site
      {
        OFFSET 9 9 9
      }
    }
  }
}
MOTION
Frames: 3
Frame Time: .01
0 0 0 0 0 0 0 0 0 0 0 0
5 0 0 0 0 0 90 0 0 0 0 0
0 0 1 90 0 0 0 90 0 0 0 0
"""


def test_joints_turn_about_their_parents(tmp_path):
    path = tmp_path / "arm.bvh"
    path.write_text(ARM)
    motion = read_bvh(path)
    joints = motion.joints
    assert motion.frame_s == 0.01
    assert set(joints) == {"Hips", "Arm", "Hand"}
    # at rest; the root moved and the arm turned about z; the root about z, then the arm about y
    assert np.allclose(joints["Hand"], [[1, 2, 0], [5, 3, 0], [-2, 0, 0]], atol=1e-9)
    assert np.allclose(joints["Arm"][2], [-2, 0, 1], atol=1e-9)


def test_what_is_no_bvh_file_is_told(tmp_path):
    path = tmp_path / "no.bvh"
    path.write_text("HIERARCHY ROOT")
    with pytest.raises(DataError, match="no.bvh is not a BVH file"):
        read_bvh(path)


def recording(hertz: float = 0.9, seconds: float = 4.0, fps: int = 120) -> Motion:
    """A walk along z whose hips swing by 25 degrees around 10, and whose right knee is bent by 20,
    the trunk leaning by 6 and the left shoulder ahead by 12."""
    times = np.arange(round(seconds * fps)) / fps
    walk = np.stack([0 * times, 90 + 0 * times, 120 * times], axis=1)

    def down(length, degrees):
        angle = np.radians(degrees) + 0 * times
        return length * np.stack([0 * times, -np.cos(angle), np.sin(angle)], axis=1)

    joints = {"Hips": walk, "Neck": walk - down(50, -6)}
    for side, sign in (("Left", 1), ("Right", -1)):
        thigh = 10 + sign * 25 * np.cos(2 * np.pi * hertz * times)
        hip, shoulder = (walk + [sign * wide, 0, 0] for wide in (10, 20))
        shoulder = shoulder + [0, 45, sign * 20 * np.tan(np.radians(12))]
        knee = hip + down(40, thigh)
        ankle = knee + down(40, thigh - (20 if side == "Right" else 0))
        elbow = shoulder + down(30, 0)
        joints |= {
            f"{side}UpLeg": hip, f"{side}Leg": knee, f"{side}Foot": ankle,
            f"{side}ToeBase": ankle + [0, 0, 15], f"{side}Arm": shoulder,
            f"{side}ForeArm": elbow, f"{side}Hand": elbow + down(25, 30),
        }  # fmt: skip
    return Motion(joints, 1 / fps)


def test_angles_and_cadence_are_read_from_a_recording():
    walk = RecordedWalk.of(recording())
    assert walk.cadence == pytest.approx(0.9, rel=0.01)
    t = np.arange(50) / 50  # 0 is left heel strike, where the left hip is bent most
    flexion = {side: walk.curves[f"{side}_hip_flexion"](t) for side in ("left", "right")}
    assert np.ptp(flexion["left"]) == pytest.approx(50, abs=1)
    assert flexion["left"].argmax() in (0, 1, 49) and flexion["right"].argmax() in (24, 25, 26)
    bent = {side: walk.curves[f"{side}_knee_flexion"](t).mean() for side in ("left", "right")}
    assert bent["right"] - bent["left"] == pytest.approx(20, abs=0.5)
    assert walk.curves["thorax_tilt"](t) == pytest.approx(np.full(50, 6), abs=0.1)
    assert walk.curves["thorax_rotation"](t) == pytest.approx(np.full(50, 12), abs=0.1)
    assert walk.curves["left_elbow_flexion"].offset > walk.curves["left_shoulder_flexion"].offset
    with pytest.raises(DataError, match="shorter than a gait cycle"):
        RecordedWalk.of(recording(seconds=0.8))


def bending(joints: dict, *chain: str) -> np.ndarray:
    """(T,) degrees by which the line through three joints is bent."""
    first, second = (joints[end] - joints[start] for start, end in pairwise(chain))
    cosine = (first * second).sum(axis=1)
    cosine /= np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


KNEES = ("upperleg01.R", "lowerleg01.R", "foot.R"), ("RightUpLeg", "RightLeg", "RightFoot")
ELBOWS = ("upperarm01.R", "lowerarm01.R", "wrist.R"), ("RightArm", "RightForeArm", "RightHand")


@pytest.mark.slow
def test_a_made_body_moves_as_the_recorded_person(real_data):
    pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
    from gait_demo.synthesis.walker import LATENT_DIM, Walker

    folder = real_data / "mocap" / "cmu"
    subjects = read_subjects(folder)
    assert [len(walks) for walks in subjects] == [2, 1, 1, 5, 5]
    latent = np.random.default_rng(0).standard_normal(LATENT_DIM)
    swings = []
    for name, recorded in (("06_01", subjects[2][0]), ("08_01", subjects[4][0])):
        walker = Walker(latent, recorded=recorded)
        assert walker.cadence == recorded.cadence and 1.0 < walker.stride < 2.0
        ours, theirs = walker.joints(np.arange(100) / 100), read_bvh(folder / f"{name}.bvh").joints
        for made, real in (KNEES, ELBOWS):
            made, real = bending(ours, *made), bending(theirs, *real)
            assert made.mean() == pytest.approx(real.mean(), abs=6)
        swings.append(np.ptp(made))
    assert swings[1] - swings[0] > 20  # of the elbow: each their own
    assert Walker(latent).cadence != walker.cadence


@pytest.mark.slow
def test_a_population_moves_as_recorded_people(real_data, tmp_path):
    pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
    from gait_demo.synthesis.protocol import ProtocolOptions, synthesize_protocol

    few = {"people": (1, 2), "conditions": ("nm-01",), "views": (90,), "workers": 1}
    mocap = real_data / "mocap" / "cmu"
    lengths = {}
    for name, folder in (("made", None), ("recorded", mocap)):
        synthesize_protocol(ProtocolOptions(tmp_path / name, mocap=folder, **few))
        data = CasiaB(tmp_path / name)
        lengths[name] = [
            len(data.read(sequence).masks)
            for sequence in data.sequences(views=(90,), conditions=("nm-01",))
        ]
    assert len(lengths["recorded"]) == 2 and min(lengths["recorded"]) > 40
    assert lengths["made"] != lengths["recorded"]
    with pytest.raises(DataError, match="other walks"):
        synthesize_protocol(ProtocolOptions(tmp_path / "recorded", **few))
    with pytest.raises(DataError, match="no BVH files"):
        synthesize_protocol(ProtocolOptions(tmp_path / "new", mocap=tmp_path, **few))


@pytest.mark.slow
def test_a_population_goes_on_only_with_the_same_recordings(real_data, tmp_path):
    pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
    from gait_demo.synthesis.protocol import ProtocolOptions, synthesize_protocol

    recordings = sorted((real_data / "mocap" / "cmu").glob("*.bvh"))
    folders = [tmp_path / name for name in ("mocap", "copy", "other")]
    for folder, path in zip(folders, (recordings[0], recordings[0], recordings[1]), strict=True):
        folder.mkdir()
        shutil.copy(path, folder / "01_01.bvh")
    first, copy, other = (ProtocolOptions(tmp_path / "out", (), mocap=path) for path in folders)
    synthesize_protocol(first)
    synthesize_protocol(copy)
    with pytest.raises(DataError, match="other walks"):
        synthesize_protocol(other)


def test_population_is_compared_with_people():
    pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
    from gait_demo.synthesis.check import check_walkers

    report = check_walkers(people=6)
    assert report["angles"]["hip_flexion"]["within_2_sd"] > 0.8
    assert 100 < report["steps"]["women"]["cadence"][0] < 130
    assert "mocap" not in report


def test_real_walkers_are_measured(real_data):
    pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
    from gait_demo.synthesis.check import check_walkers

    mocap = check_walkers(people=6, mocap=real_data / "mocap" / "cmu")["mocap"]
    assert 45 < mocap["knee_range"]["real"][0] < mocap["knee_range"]["real"][1] < 85
    assert mocap["trunk_lean_mean"]["covered"] > 0.5
