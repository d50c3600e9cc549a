"""What is burnt into a clip stays as it is in the result, whoever passes behind it; but not over a
head."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from burnt_in import Panned, boxed_clock, caption, letterbox, opaque, over_the_heads
from drawn import BLUE, SHAPE, Figure, Scene
from fixed import NOISE

from gait_demo.background.overlay import Overlay
from gait_demo.options import Options
from gait_demo.pipeline import Pipeline
from gait_demo.pipeline.analysis import Analyser

pytestmark = pytest.mark.slow

COUNT = 90
SAME_LEVELS = 20  # of a channel: codecs change more at edges
HIPS_Y, SHINS_Y = 100, 130


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
    for new in Pipeline(models, options).render_frames(analysis, 1):
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
    for new in Pipeline(models, Options(anonymize=NOISE)).render_frames(analysis, 1):
        burnt_in = opaque(over_the_heads, new.frame.index)
        x, y, radius = person.heads[person.position(new.frame.index)]
        rows, columns = np.indices(burnt_in.shape)
        head = np.hypot(columns - x, rows - y) < radius - 1
        same = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2) <= SAME_LEVELS
        assert same[burnt_in & ~head & (new.binary == 0)].mean() > 0.95
        drawn, behind = (burnt_in & head & side for side in (new.binary > 0, new.binary == 0))
        plate = analysis.background.crop(new.frame.index, 0, 0, *burnt_in.shape[::-1])
        assert np.abs(plate[behind].astype(int) - new.colorized[behind]).max(initial=0) < 12
        before += (burnt_in & head).sum() > 30
        if drawn.sum() > 15:
            assert same[drawn].mean() < 0.6, new.frame.index
    assert before > 10


@dataclass(frozen=True)
class BlueWall(Scene):
    """Half of what is filmed of a walker before it looks like the wall."""

    def background(self, index: int) -> np.ndarray:
        rgb = super().background(index)
        rgb[22:HIPS_Y] = BLUE
        return rgb


@pytest.mark.parametrize("is_laid_over", [True, False])
def test_who_is_shown_as_filmed_by_an_overlay_is_told(models, tmp_path, is_laid_over):
    scene = BlueWall((Figure.walking(40, 280, COUNT),))
    source = scene.write(tmp_path / "clip.mp4")
    analyser = Analyser(source, scene.segmenter(), Options(), lambda *_: None)
    floor = np.zeros(SHAPE, bool)
    floor[SHINS_Y:] = True
    blue = cv2.cvtColor(np.full((*SHAPE, 3), BLUE, np.uint8), cv2.COLOR_RGB2YCrCb)
    shins = Overlay.of(0, COUNT, 1.0, floor, blue)
    overlays = (shins,) if is_laid_over else ()
    analysis = replace(analyser.run(tmp_path / "analysis"), overlays=overlays)
    report = Pipeline(models, Options(anonymize=NOISE)).render(analysis, tmp_path, 1).report
    told = [text for text in report["warnings"] if "looks as before" in text]
    assert len(told) == is_laid_over
