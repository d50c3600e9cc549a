"""What worker processes are asked to do, done here."""

import json
import pickle

import numpy as np
import pytest
from drawn import Figure, Scene

from gait_demo.options import Options
from gait_demo.pipeline import Models
from gait_demo.pipeline.analysis import Analyser
from gait_demo.serving import jobs

COUNT = 60
WALKS = Figure.walking(30, 150, COUNT, tall=90)
SITS = Figure(250 + 3 * np.sin(0.3 * np.arange(COUNT)), stride=0.05, posture="seated")
REFUSED = Figure.walking(70, 250, COUNT, feet=150, tall=50, score=0.4, is_refused=True)
SMALL = Figure.walking(50, 270, COUNT, tall=34)


def silent(*_):
    pass


@pytest.mark.parametrize(
    "figures, walks, is_found",
    [((SITS, WALKS), [False, True], True), ((SITS,), [False], False), ((SMALL,), [True], False)],
)
def test_only_who_got_another_gait_is_looked_for_in_the_crowd(
    models, figures, walks, is_found, tmp_path
):
    scene, options = Scene(figures), Options()
    source = scene.write(tmp_path / "clip.mp4")
    analysis = Analyser(source, scene.segmenter(), options, silent).run(tmp_path)
    assert [person.walks for person in analysis.people] == walks
    (tmp_path / "analysis.pickle").write_bytes(pickle.dumps(analysis))
    jobs.render(models, silent, tmp_path, tmp_path / "result", options)
    told = json.loads((tmp_path / "result" / "change.json").read_text())
    assert told["strangers"] > 1 and len(told["people"]) == is_found
    assert len(told["ranks"]) == (2 if is_found else 0)
    assert (told["walk"] is None) == (not is_found)
    strips = jobs.preview_gaits(models, silent, tmp_path, options, (1, 2))
    assert len(set(strips)) == (2 if is_found else 0)


@pytest.mark.parametrize("figures, numbers", [((WALKS, REFUSED), (1,)), ((REFUSED,), ())])
def test_who_can_get_no_other_gait_is_not_offered(models, figures, numbers, tmp_path, monkeypatch):
    scene = Scene(figures)
    source = scene.write(tmp_path / "clip.mp4")
    monkeypatch.setattr(Models, "segmenter", scene.segmenter())
    found, times = jobs.analyse(models, silent, source, tmp_path / "analysis", Options())
    assert found == numbers and len(times) == COUNT
    assert (tmp_path / "analysis" / jobs.PEOPLE).stat().st_size
