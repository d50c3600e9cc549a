"""What a worker tells is data: nothing of it is run, and what is no message is none."""

import io
import json
import pickle
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from gait_demo.errors import NoPersonError
from gait_demo.serving import messages
from gait_demo.types import Inspection, VideoInfo


def told(*message):
    stream = io.BytesIO()
    messages.send(stream, *message)
    stream.seek(0)
    return messages.receive(stream)


INSPECTION = Inspection(
    VideoInfo(640, 480, Fraction(30000, 1001), 99, 3.3, True, ("A clock.",)), 3.3, 2, 5
)


@pytest.mark.parametrize(
    "job, value",
    [
        ("inspect_clip", INSPECTION),
        ("analyse", ((1, 2), (0.0, 0.04, 0.1))),
        ("preview_gaits", ["data:,"]),
        ("warm_up", {"fps": 25.0}),
    ],
)
def test_results_arrive_as_they_were(job, value):
    kind, content = told("done", value)
    assert (kind, messages.result(messages.RESULTS, job, content)) == ("done", value)


def test_numbers_of_numpy_arrive_as_numbers():
    report = {"seed": np.int64(7), "strength": np.float32(0.5)}
    assert told("done", report) == ("done", {"seed": 7, "strength": 0.5})


def test_errors_are_ours_or_none():
    error = messages.failure(told("failed", ("NoPersonError", "Nobody."))[1])
    assert isinstance(error, NoPersonError) and str(error) == "Nobody."
    for other in (["SystemExit", "0"], ["GaitDemoError"], None, ["Path", "x"], [["a"], "b"]):
        with pytest.raises(messages.Garbled):
            messages.failure(other)


@pytest.mark.parametrize("kind", ["log", "broken"])
def test_what_goes_into_the_log_is_one_short_line(kind):
    assert told(kind, "KeyError in jobs.py:7") == (kind, "KeyError in jobs.py:7")
    _, line = told(kind, "a\nforged line\r" + 1000 * "b")
    assert line.startswith("a forged line b") and len(line) <= 200


@pytest.mark.parametrize(
    "line",
    [
        pickle.dumps(("done", None)),
        b"\n",
        b"[]\n",
        b'"done"\n',
        b'["done"]\n',
        b'["run", null]\n',
        b'["progress", ["people"]]\n',
        b'["progress", ["people", "all", 1]]\n',
        b"[" * 100_000 + b"\n",
        b"\xff\n",
    ],
)
def test_what_is_no_message_is_none(line):
    with pytest.raises(messages.Garbled):
        messages.receive(io.BytesIO(line))
    with pytest.raises(EOFError):
        messages.receive(io.BytesIO(b""))


@pytest.mark.parametrize(
    "job, content",
    [
        ("inspect_clip", None), ("inspect_clip", {}), ("inspect_clip", {"info": {"fps": "1/0"}}),
        ("analyse", ["one"]), ("analyse", 7), ("analyse", [[1], "now"]),
        ("inspect_clip", {"info": {}}), ("render", None), ("analyse", [1]), ("warm_up", 7),
        ("eval", "1"),
    ],
)  # fmt: skip
def test_what_is_no_result_of_its_job_is_none(job, content):
    with pytest.raises(messages.Garbled):
        messages.result(messages.RESULTS, job, content)


LIMITED = """
import json
from gait_demo.serving.worker import limit_memory, limit_time
limit_memory(1_000_000_000)
try:
    bytearray(2_000_000_000)
except MemoryError:
    print(json.dumps("no memory"), flush=True)
limit_time(0.2)
while True:
    pass
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are those of Linux")
def test_memory_and_processor_time_have_limits():
    run = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, timeout=60)
    assert json.loads(run.stdout) == "no memory"
    assert run.returncode < 0  # killed
