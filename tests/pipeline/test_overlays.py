"""What is burnt into a clip stays as it is in the result, whoever passes behind it; but not over a
head."""

import numpy as np
import pytest
from burnt_in import Panned, boxed_clock, caption, letterbox, opaque, over_the_heads
from drawn import Figure, Scene
from fixed import NOISE

from gait_demo.options import Options
from gait_demo.pipeline import Models, Pipeline
from gait_demo.pipeline.analysis import Analyser

pytestmark = pytest.mark.slow

COUNT = 90
SAME_LEVELS = 20  # of a channel: codecs change more at edges


@pytest.fixture(scope="module")
def models():
    return Models.load()


@pytest.mark.parametrize(
    ("paint", "camera"),
    [(caption, Scene), (boxed_clock, Scene), (letterbox, Scene), (caption, Panned),
     (letterbox, Panned)],
)  # fmt: skip
def test_what_is_burnt_in_stays(models, tmp_path, paint, camera):
    scene = camera((Figure.walking(40, 280, COUNT),), paint=paint)
    options = Options(anonymize=NOISE)
    source = scene.write(tmp_path / "clip.mp4")
    analyser = Analyser(source, scene.segmenter(), options, lambda *_: None)
    analysis = analyser.run(tmp_path / "analysis")
    for new in Pipeline(models, options).compose(analysis, 1):
        index = new.frame.index
        burnt_in = opaque(paint, index)
        off = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2)
        assert (off[burnt_in] <= SAME_LEVELS).mean() > 0.97, index
        was = (scene.mask(0, index) > 0) & ~burnt_in & (new.binary == 0)
        blue = np.abs(new.colorized.astype(int) - scene.figures[0].colour).max(axis=2) < 12
        assert (blue & was).sum() < 0.06 * scene.mask(0, index).sum() + 10, index


def test_no_caption_shows_anything_of_a_head(models, tmp_path):
    """Whatever else it is, a place that never changes: whose head it is nobody can tell."""
    scene = Scene((Figure.walking(40, 280, COUNT),), paint=over_the_heads)
    source = scene.write(tmp_path / "clip.mp4")
    analyser = Analyser(source, scene.segmenter(), Options(), lambda *_: None)
    analysis = analyser.run(tmp_path / "analysis")
    (person,) = analysis.people
    before = 0
    for new in Pipeline(models, Options(anonymize=NOISE)).compose(analysis, 1):
        burnt_in = opaque(over_the_heads, new.frame.index)
        x, y, radius = person.heads[person.position(new.frame.index)]
        rows, columns = np.indices(burnt_in.shape)
        head = np.hypot(columns - x, rows - y) < radius - 1
        same = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2) <= SAME_LEVELS
        assert same[burnt_in & ~head].mean() > 0.8
        if (burnt_in & head).sum() > 30:
            before += 1
            assert same[burnt_in & head].mean() < 0.6, new.frame.index
    assert before > 10
