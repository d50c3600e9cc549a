"""What is burnt into a clip stays as it is in the result, whoever passes behind it."""

import numpy as np
import pytest
from burnt_in import Panned, boxed_clock, caption, letterbox, opaque
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
