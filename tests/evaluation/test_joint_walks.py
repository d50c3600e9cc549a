"""Sequences of joints as an attacker reads them, and people who are recognised by them."""

import numpy as np
import pytest
from drawn_joints import STANDING, draw_walk

from gait_demo.evaluation.joint_walks import JointWalk, joint_walks
from gait_demo.evaluation.reidentification import Crossings, recognised, weighed
from gait_demo.joints import BONES, LANDMARKS_OF, NAMES
from gait_demo.people.segmenter import Detection, Matte
from gait_demo.video import write_avi

FPS = 25
HEIGHT = 60.0  # pixels


def walks(people: int = 12, takes: int = 4, of=draw_walk) -> Crossings:
    who = [(person, take) for person in range(people) for take in range(takes)]
    return Crossings(
        np.stack([of(*one).signature() for one in who]),
        np.array([f"{person:02d}" for person, _ in who]),
        np.array(["d1"] * len(who)),
        np.array([f"{person}, {take}" for person, take in who]),
    )


def first(probes: Crossings, gallery: Crossings) -> float:
    return recognised(probes, gallery, same_group=True, metric=weighed)["rate"]


def kept(person, take):
    """Another walk of the same person, moved: a method that leaves the joints as they are."""
    walk = draw_walk(person, 100 + take)
    return JointWalk(walk.middle, walk.joints + np.float32([0.05, -0.02]), FPS)


def of_one_person(person, take):
    """A method that gives everybody the same joints."""
    return draw_walk(99, 100 * person + take)


def test_who_keeps_the_joints_is_caught_and_who_gives_all_the_same_is_not():
    clear = walks()
    assert first(clear, clear) > 0.9
    assert first(walks(of=kept), clear) > 0.9
    alike = walks(of=of_one_person)
    assert first(alike, clear) < 0.25  # chance: 0.08 to 0.1
    assert first(alike, alike) < 0.25


def test_a_signature_tells_cadence_swing_and_lengths_whatever_the_start():
    hertz, swing = 0.9, 0.1
    for phase in (0.0, 0.2, 0.7):
        angle = 2 * np.pi * (hertz * np.arange(60) / FPS + phase)
        joints = np.repeat(STANDING[None], 60, axis=0)
        joints[:, NAMES.index("left_ankle"), 0] += swing * np.cos(angle)
        joints[:, NAMES.index("right_ankle"), 0] -= swing * np.cos(angle)
        found = JointWalk(0.0, joints.astype(np.float32), FPS).signature()
        assert found[-1] == pytest.approx(hertz, abs=0.02)
        first, last = np.transpose(BONES)
        still = np.linalg.norm(STANDING[last] - STANDING[first], axis=1)[0]
        assert found[-1 - len(BONES)] == pytest.approx(still, abs=1e-6)
        wave = found[38 : 38 + 38].reshape(19, 2)  # the real part of the first harmonic
        assert wave[NAMES.index("left_ankle"), 0] == pytest.approx(swing, rel=0.03)
        assert wave[NAMES.index("right_ankle"), 0] == pytest.approx(-swing, rel=0.03)
        assert np.abs(found[38 + 76 : 38 + 114]).max() < 0.01  # its imaginary part


class Crosses:
    """Sees a stiff person who walks to the right, then, after an empty while, to the left, with
    the left hand raised in front."""

    def fresh(self):
        return self

    def __call__(self, rgb, before=(), detect=True, others=()):
        leg, at = divmod(round(rgb[:20, :20].mean() / 2), 60)  # the corner tells the frame
        if at >= 45:
            return []
        x, way = (40 + 5 * at, 1) if leg == 0 else (280 - 5 * at, -1)
        place = STANDING.copy()
        place[NAMES.index("left_hand")] = (0.3, -0.2)
        landmarks = np.ones((33, 4), np.float32)
        for joint, of in zip(place, LANDMARKS_OF, strict=True):
            landmarks[list(of), :2] = (x, 60) + HEIGHT * joint * (way, 1)
        middle = landmarks[[23, 24], :2].mean(axis=0)
        region = np.stack([middle, middle - (0, 1.25 * HEIGHT / 2)]).astype(np.float32)
        box = np.float32([x - 15, 30, x + 20, 92])
        matte = Matte.of(np.ones((62, 35), np.float32), np.array([[1, 0, x - 15], [0, 1, 30]]))
        return [Detection(box, 0.9, 1.0, landmarks, region, matte, float(x), np.zeros((2, 3)))]


def test_joints_are_read_relative_to_hips_and_height_and_the_way_people_go(tmp_path):
    path = tmp_path / "there_and_back.avi"
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (120, 120, 320, 3), dtype=np.uint8)  # nothing stands still
    frames[:, :20, :20] = 2 * np.arange(120)[:, None, None, None]
    write_avi(path, frames, FPS)
    there, back = joint_walks(path, Crosses())
    assert there.middle < 45 < 60 < back.middle and there.fps == FPS
    for walk, raised in ((there, "left_hand"), (back, "right_hand")):
        mean = walk.joints.mean(axis=0)
        assert mean[NAMES.index(raised)] == pytest.approx((0.3, -0.2), abs=0.02)
        assert mean[NAMES.index("head")] == pytest.approx(STANDING[0], abs=0.02)
        assert mean[NAMES.index("left_toe"), 0] > 0.05  # to where the person goes
