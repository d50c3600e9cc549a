"""A run from the command line that is told to end."""

import os
import signal
import subprocess
import sys
import time

import pytest
from served import ROOT

CLIP = ROOT / "assets" / "street_090.mp4"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are signals on POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_end_leaves_nothing(person_weights, tmp_path, name):
    temporary, out = tmp_path / "temporary", tmp_path / "result"
    temporary.mkdir()
    ending = getattr(signal, name)
    run = subprocess.Popen(
        [sys.executable, "-m", "gait_demo", "anonymize", CLIP, "--out", out],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(ending, signal.SIG_DFL),  # also where nohup ignores it
    )
    until = time.monotonic() + 120
    while not list(temporary.rglob("*.mp4")) and time.monotonic() < until:
        assert run.poll() is None
        time.sleep(0.05)
    assert list(temporary.rglob("*.mp4"))  # the clear one is being written
    run.send_signal(ending)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130 and b"Traceback" not in said
    assert not list(temporary.rglob("*.mp4")) and not out.exists()
    assert not [path for path in tmp_path.iterdir() if path != temporary]
