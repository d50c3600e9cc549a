"""Many clips, measured."""

import json

import pytest
from batches import COUNT, write_walk

from gait_demo.__main__ import main


@pytest.mark.slow
def test_bench_of_many_clips_prints_one_line_of_json(person_weights, tmp_path, capsys):
    write_walk(tmp_path / "a.mp4")
    arguments = ["bench", "--batch", str(tmp_path), "--rounds", "1", "--workers", "1"]
    assert main([*arguments, "--finished", "20"]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    measured = json.loads(line)
    assert (measured["workers"], measured["clips"], measured["frames"]) == (1, 1, COUNT)
    rates = measured["local"]
    assert rates["frames_per_s"] == pytest.approx(COUNT * rates["clips_per_s"], rel=0.02)
    assert measured["loop"]["speedup"] == 1 and rates["speedup"] > 0
    assert all(100 < peak < 5000 for peak in measured["worker_mb"])
    assert 0 <= measured["overhead_s"] < measured["resume_s"]


def test_bench_of_one_clip_takes_one(tmp_path, capsys):
    assert main(["bench", "a.mp4", "b.mp4"]) == 2
    assert "with --batch it takes several" in capsys.readouterr().err
