"""Every kind of video file is read as its recipe says.

`python tests/test_video_corpus.py` prints the table of gait_demo/video/README.md.
"""

from itertools import pairwise

import numpy as np
import pytest
from video_corpus import MEAN, RECIPES, Recipe

from gait_demo.errors import VideoError
from gait_demo.video import probe, read_frames


def faults(recipe: Recipe, path) -> list[str]:
    """What is read of a recipe's file, and is not right."""
    try:
        info = probe(path)
        frames = list(read_frames(path))
    except VideoError as error:
        if recipe.refused is None:
            return [f"refused: {error}"]
        return [] if recipe.refused in str(error) else [f"another sentence: {error}"]
    if recipe.refused is not None:
        return ["not refused"]
    fps = recipe.fps or recipe.source_fps
    count = recipe.frames or recipe.source_frames
    duration_s = recipe.duration_s or float(count / fps)
    size = recipe.size or recipe.source_size
    pauses = [float(b.time - a.time) for a, b in pairwise(frames)]
    shapes = {frame.rgb.shape[1::-1] for frame in frames}
    means = np.array([frame.rgb.mean((0, 1)) for frame in frames])
    off = np.abs(means - MEAN).max()
    wrong = {
        f"{info.frames} frames told": info.frames != count,
        f"{len(frames)} frames": len(frames) != count,
        f"{float(info.fps):.4f} fps": abs(info.fps / fps - 1) > 0.001,
        f"{info.duration_s:.3f} s": abs(info.duration_s - duration_s) > 1 / fps,
        f"{shapes} and {info.width}x{info.height}": {(info.width, info.height)} | shapes != {size},
        f"{off:.1f} levels off": recipe.tolerance is not None and off > recipe.tolerance,
        f"pause of {max(pauses, default=0):.3f} s": abs(
            max(pauses, default=0) - (recipe.pause_s or 1 / fps)
        )
        > 0.02,
        f"warnings {info.warnings}": (recipe.warning or "") not in " ".join(info.warnings)
        or bool(info.warnings) != bool(recipe.warning),
    }
    return [text for text, is_wrong in wrong.items() if is_wrong]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: f"{one.kind}: {one.name}")
def test_file_is_read_as_its_recipe_says(recipe, tmp_path):
    assert not faults(recipe, recipe.make(tmp_path))
