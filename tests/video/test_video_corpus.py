"""Every kind of video file is read as its recipe says.

`PYTHONPATH=.:tests/support python tests/video/test_video_corpus.py` prints the table of
gait_demo/video/README.md.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from video_corpus import MEAN, RECIPES, Recipe

from gait_demo.errors import VideoError
from gait_demo.video import probe, read_frames

AT_ONCE = 2


@contextmanager
def made(recipes: list[Recipe], folder: Path) -> Iterator[dict[Recipe, Future]]:
    """Paths of the files of recipes, which are made beside the reading of those before them."""

    def make(number: int, recipe: Recipe) -> Path:
        (folder / str(number)).mkdir()
        return recipe.make(folder / str(number))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {one: pool.submit(make, number, one) for number, one in enumerate(recipes)}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def files(request, tmp_path_factory) -> Iterator[dict[Recipe, Future]]:
    wanted = [
        item.callspec.params["recipe"]
        for item in request.session.items
        if item.path == request.path and "recipe" in item.callspec.params
    ]
    with made(wanted, tmp_path_factory.mktemp("corpus")) as files:
        yield files


def faults(recipe: Recipe, path: Path) -> list[str]:
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
    longest_s = max((float(b.time - a.time) for a, b in pairwise(frames)), default=0)
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
        f"pause of {longest_s:.3f} s": abs(longest_s - (recipe.pause_s or 1 / fps)) > 0.02,
        f"warnings {info.warnings}": (recipe.warning or "") not in " ".join(info.warnings)
        or bool(info.warnings) != bool(recipe.warning),
    }
    return [text for text, is_wrong in wrong.items() if is_wrong]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: f"{one.kind}: {one.name}")
def test_file_is_read_as_its_recipe_says(recipe, files):
    assert not faults(recipe, files[recipe].result())


def table() -> str:
    """A row for each kind: files that are shown and refused, of those that should be."""
    rows = ["| kind | read right | refused right | wrong |", "|---|---|---|---|"]
    counts: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder, made(RECIPES, Path(folder)) as files:
        for recipe, path in files.items():
            count = counts.setdefault(recipe.kind, [0, 0, 0])
            is_wrong = bool(faults(recipe, path.result()))
            count[2 if is_wrong else int(recipe.refused is not None)] += 1
    counts["**all**"] = np.sum(list(counts.values()), axis=0).tolist()
    rows += [f"| {kind} | {' | '.join(map(str, n))} |" for kind, n in counts.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
