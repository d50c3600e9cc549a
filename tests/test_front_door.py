"""What a Python user, and who installs the package, meets first."""

import json
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from walker import frames, write_clip

import gait_demo
from gait_demo import GaitDemoError, Options, anonymize
from gait_demo.__main__ import main
from gait_demo.options import AnonymizeOptions, ColorizeOptions, PeopleOptions, VideoOptions
from gait_demo.types import Report

ROOT = Path(__file__).parents[1]
HEAVY = "torch", "cv2", "av", "gradio", "numpy"


@pytest.mark.slow
def test_anonymize_gives_paths_by_name_and_a_typed_report(person_weights, tmp_path):
    clip = write_clip(tmp_path / "walk.mp4", frames(25))
    result = anonymize(str(clip), str(tmp_path / "result"))
    for name in ("original", "binary", "colorized", "comparison"):
        assert getattr(result, name) == tmp_path / "result" / f"{name}.mp4"
        assert getattr(result, name).stat().st_size > 1000
    assert result.report.keys() == Report.__annotations__.keys()
    assert result.report == json.loads((tmp_path / "result" / "report.json").read_text())
    assert result.report["frames_out"] == 25


def test_anonymize_refuses_with_a_sentence(tmp_path):
    with pytest.raises(GaitDemoError, match="no-such.mp4"):
        anonymize(tmp_path / "no-such.mp4", tmp_path / "result")
    assert not (tmp_path / "result").exists()


def test_options_are_one_frozen_object():
    with pytest.raises(FrozenInstanceError):
        Options().video = None


def test_import_is_quick_and_leaves_the_heavy_libraries_alone():
    code = f"import gait_demo, sys; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr
    for name in gait_demo.__all__:
        assert getattr(gait_demo, name)
    with pytest.raises(AttributeError, match="no attribute 'pipelines'"):
        gait_demo.pipelines  # noqa: B018


def test_version_of_the_command_is_the_packages(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"gait-demo {gait_demo.__version__}"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["anonymize", "a.mp4", "--out", "o", "--seed", "-1"], "--seed"),
        (["anonymize", "a.mp4", "--out", "o", "--start", "1e300"], "--start"),
        (["anonymize", "a.mp4"], "--out"),
        (["train", "nothing"], "nothing"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_option_is_answered_in_one_sentence(capsys, arguments, named):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and named in said and said.endswith("--help.\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(("pipe", "status"), [("sys.stdout", 1), ("another", "BrokenPipeError")])
def test_only_who_stops_reading_the_output_ends_a_command_in_silence(pipe, status):
    code = (
        "import os, sys; from gait_demo import __main__ as front; from gait_demo.cli import fetch\n"
        "def closed():\n"
        "    end, other = os.pipe(); os.close(end); return other\n"
        "def out(parsed): os.dup2(closed(), 1); print('a', flush=True)\n"
        "def inside(parsed): os.write(closed(), b'a')\n"
        f"fetch._fetch = out if {pipe!r} == 'sys.stdout' else inside\n"
        "sys.exit(front.main(['fetch']))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and (run.stderr == "" if status == 1 else status in run.stderr)


def test_the_installed_command_exists_and_dependencies_come_from_the_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module, _, function = project["project"]["scripts"]["gait-demo"].partition(":")
    assert callable(getattr(import_module(module), function))
    dynamic = project["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"]["file"] == "requirements.txt"
    for file in (dynamic["dependencies"], *dynamic["optional-dependencies"].values()):
        assert (ROOT / file["file"]).is_file()


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        (Options, "seed", 7),
        (Options, "video", None),
        (Options, "anonymize", 3),
        (AnonymizeOptions, "seed", -1),
        (AnonymizeOptions, "seed", 1.5),
        (AnonymizeOptions, "seed", "x"),
        (AnonymizeOptions, "seed", None),
        (AnonymizeOptions, "person", True),
        (AnonymizeOptions, "strength", float("nan")),
        (AnonymizeOptions, "strength", 0),
        (AnonymizeOptions, "anonymizer", "fog"),
        (AnonymizeOptions, "secret", "my own words, sixteen"),
        (ColorizeOptions, "colour", "fog"),
        (ColorizeOptions, "colour", ["plain"]),
        (ColorizeOptions, "hide_face", "no"),
        (PeopleOptions, "min_height_px", 8),
        (PeopleOptions, "min_height_px", "40"),
        (PeopleOptions, "likely_score", float("nan")),
        (VideoOptions, "max_duration_s", "ten"),
        (VideoOptions, "keep_audio", "no"),
        (VideoOptions, "start_s", "0:30"),
        (VideoOptions, "start_s", 1e300),
        (VideoOptions, "end_s", -1),
        (VideoOptions, "end_s", float("inf")),
        (VideoOptions, "only", "binary"),
        (VideoOptions, "only", ["binary", "report"]),
        (VideoOptions, "only", ()),
    ],
)
def test_a_wrong_option_is_refused_by_name(stage, name, value):
    with pytest.raises(ValueError, match=name):
        stage(**{name: value})


def test_a_secret_that_is_too_short_is_refused_and_not_told():
    with pytest.raises(ValueError, match="at least 16 bytes") as refused:
        AnonymizeOptions(secret=b"my own words")
    assert "my own" not in str(refused.value)
    assert "my own" not in repr(AnonymizeOptions(secret=b"my own words, sixteen"))


def test_options_take_the_numbers_of_numpy_and_whole_seconds():
    options = VideoOptions(10, np.int64(30), start_s=np.float32(0.5), only=["binary"])
    assert (options.max_duration_s, options.max_frames, options.start_s) == (10, 30, 0.5)
    assert options.only == ("binary",)
