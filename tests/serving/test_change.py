"""What a worker tells of a change, of a person whose joints are known."""

import base64

import cv2
import numpy as np
import pytest
from drawn import FPS, SHAPE, Figure

from gait_demo.anonymization.pace import Timing
from gait_demo.people.person import Person
from gait_demo.people.tracking import Tracklet
from gait_demo.pipeline.gaits import Gait
from gait_demo.serving.change import strip

NOISE = np.zeros(32, np.float32)


@pytest.fixture
def walker():
    figure = Figure.walking(60, 200, 60, tall=110)
    seen = {n: figure.detection(n, figure.mask(n, SHAPE)) for n in range(60)}
    return Person.of(Tracklet(seen), SHAPE, (0, 60), FPS)


def test_a_strip_holds_frames_of_the_walk_side_by_side(walker):
    gait = Gait(walker, NOISE, walker.silhouettes, Timing.same(np.arange(len(walker.track))), None)
    data = base64.b64decode(strip(gait, FPS).partition(",")[2])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (64, 24 * 64, 4)
    first = picture[:, :64, 3] > 127
    wanted = walker.silhouettes.masks[np.flatnonzero(walker.seen & ~walker.keeps_pose)[0]] > 0.5
    assert (first == wanted).mean() > 0.99
