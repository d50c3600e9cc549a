"""Many clips on a Ray cluster: the same as on this machine."""

import json
import subprocess
import sys
import time

import pytest
from batches import COUNT, arguments, command, manifest, write_walk, written
from fixed import SECRET
from ray_cluster import ray_cluster

from gait_demo.__main__ import main

ray = pytest.importorskip("ray", reason="Ray is not installed: no cluster was tested")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for number in range(3):
        write_walk(folder / f"{number}.mp4", 22 + number)
    (folder / "broken.mp4").write_text("no video " * 99)
    return folder


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster(cores=2) as running:
        yield running


@pytest.mark.slow
def test_a_worker_is_killed_and_nothing_is_lost_doubled_or_other(
    person_weights, clips, cluster, tmp_path, capsys
):
    """Two workers, results by a URL; then the same clips on this machine, one after another."""
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    common = "--secret", secret, "--only", "binary,colorized"
    there = tmp_path / "there"
    on_it = "--ray", cluster.address, "--workers", 2
    run = subprocess.Popen(
        command(clips, "--out", f"file://{there}", *on_it, *common),
        env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (busy := cluster.at_work()):
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.05)
    time.sleep(0.3)
    busy[0].kill()
    said, complained = run.communicate(timeout=200)
    assert run.returncode == 1 and complained.startswith(f"{clips / 'broken.mp4'}: broken.mp4")
    assert json.loads(said)["clips"] == 4 and json.loads(said)["frames"] == 3 * COUNT

    here = tmp_path / "here"
    assert main(arguments(clips, "--out", here, "--workers", 1, *common)) == 1
    assert manifest(there).keys() == manifest(here).keys() == {"0", "1", "2", "broken"}
    for name, line in manifest(here).items():
        own = dict.fromkeys(("seconds", "salt", "stamp"))
        assert line | own == manifest(there)[name] | own or "error" in line
        for output in line.get("outputs", {}).values():
            assert (there / output).read_bytes() == (here / output).read_bytes()
    assert written(there).keys() == written(here).keys()

    capsys.readouterr()
    main(arguments(clips, "--out", f"file://{there}", "--workers", 1, *common))
    assert json.loads(capsys.readouterr().out)["resumed"] == 3


@pytest.mark.slow
def test_a_clip_for_which_memory_ran_out_is_tried_again(person_weights, clips, cluster, tmp_path):
    """The first time that a clip's result is fetched."""
    short = (
        "import ray, sys; from gait_demo.__main__ import main; get, calls = ray.get, []\n"
        "def once(result):\n"
        "    calls.append(result)\n"
        "    if len(calls) == 2: raise ray.exceptions.OutOfMemoryError('low')\n"
        "    return get(result)\n"
        "ray.get = once; status = main(sys.argv[1:]); assert len(calls) > 2; sys.exit(status)"
    )
    given = arguments(
        clips / "0.mp4", "--out", tmp_path / "out", "--ray", cluster.address, "--workers", 1
    )
    run = subprocess.run(
        [sys.executable, "-c", short, *given],
        env=cluster.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0 and json.loads(run.stdout)["frames"] == COUNT, run.stderr


def test_a_cluster_that_is_not_there_gets_a_sentence(clips, tmp_path, capsys):
    for address in ("127.0.0.1:1", "nowhere"):
        assert main(arguments(clips, "--out", tmp_path / "out", "--ray", address)) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"There is no Ray cluster at {address}") and said.count("\n") == 1
    assert not [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]


def test_a_cluster_of_another_version_gets_a_sentence(clips, cluster, tmp_path):
    older = "import ray, sys; ray.__version__ = '2.0.0'; from gait_demo.__main__ import main; "
    older += "sys.exit(main(sys.argv[1:]))"
    given = arguments(clips, "--out", tmp_path / "out", "--ray", cluster.address)
    run = subprocess.run(
        [sys.executable, "-c", older, *given],
        env=cluster.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 2 and "Traceback" not in run.stderr
    assert "versions of Ray and Python must be the same" in run.stderr and "2.0.0" in run.stderr
