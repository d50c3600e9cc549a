"""BVH files, against positions worked out by hand; and the check that uses them."""

import numpy as np
import pytest

from gait_demo.errors import DataError
from gait_demo.synthesis.mocap import read_bvh

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
    joints = read_bvh(path)
    assert set(joints) == {"Hips", "Arm", "Hand"}
    # at rest; the root moved and the arm turned about z; the root about z, then the arm about y
    assert np.allclose(joints["Hand"], [[1, 2, 0], [5, 3, 0], [-2, 0, 0]], atol=1e-9)
    assert np.allclose(joints["Arm"][2], [-2, 0, 1], atol=1e-9)


def test_what_is_no_bvh_file_is_told(tmp_path):
    path = tmp_path / "no.bvh"
    path.write_text("HIERARCHY ROOT")
    with pytest.raises(DataError, match="no.bvh is not a BVH file"):
        read_bvh(path)


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
