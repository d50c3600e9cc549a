"""Many clips on one machine: each gets its results or a sentence, and nothing is done twice."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from batches import COUNT, command, environment, manifest, workers, write_walk, written
from fixed import SECRET
from walker import background, write_clip

from gait_demo import Options, anonymize_many
from gait_demo.__main__ import main
from gait_demo.batch import Batch
from gait_demo.batch.local import Local
from gait_demo.batch.manifest import settings_of, stamp_of, stamped
from gait_demo.batch.place import Place
from gait_demo.batch.plan import Plan
from gait_demo.errors import BatchError
from gait_demo.options import AnonymizeOptions, ColorizeOptions, VideoOptions
from gait_demo.pipeline import Pipeline

OPTIONS = Options(
    video=VideoOptions(only=("binary", "colorized")), anonymize=AnonymizeOptions(secret=SECRET)
)


@pytest.fixture(scope="module")
def clips(person_weights, tmp_path_factory):
    """A folder with three clips, two of the same content, and two that cannot be anonymized."""
    folder = tmp_path_factory.mktemp("clips")
    write_walk(folder / "a.mp4")
    write_walk(folder / "more" / "b.mp4", 23)
    shutil.copy(folder / "a.mp4", folder / "more" / "same.mp4")
    (folder / "broken.mp4").write_text("no video " * 99)
    write_clip(folder / "nobody.mp4", (background(240, 180) for _ in range(8)))
    return folder


@pytest.fixture(scope="module")
def finished(clips, tmp_path_factory, request):
    """The output of a run of the command over all of them, its exit status and what it said."""
    out = tmp_path_factory.mktemp("run") / "out"
    secret = out.with_name("secret")
    secret.write_bytes(SECRET)
    arguments = command(
        clips, "--out", out, "--secret", secret, "--only", "colorized,binary", "--seed", 3,
        "--workers", 2, "-v",
    )  # fmt: skip
    return out, subprocess.run(arguments, env=environment(), capture_output=True, text=True)


def batch(clips, out, options=OPTIONS, **rest):
    seeded = replace(options, anonymize=replace(options.anonymize, seed=3))
    return Batch([clips], out, seeded, **rest)


@pytest.mark.slow
def test_one_clip_that_fails_stops_nothing_and_is_told(finished):
    out, run = finished
    assert run.returncode == 1
    summary = json.loads(run.stdout)
    seconds = summary.pop("seconds")
    assert 0 < seconds < 300
    assert summary == {
        "clips": 5, "failed": 2, "resumed": 0, "with_warnings": summary["with_warnings"],
        "frames": 3 * COUNT,
    }  # fmt: skip
    assert "broken.mp4: broken.mp4 is not a video" in run.stderr
    assert "nobody.mp4: Nobody was seen" in run.stderr and "Traceback" not in run.stderr
    assert f"b.mp4: {COUNT} frames" in run.stderr


def test_each_clip_has_a_folder_with_what_was_wanted(finished):
    out, _ = finished
    kinds = "binary.mp4", "colorized.mp4", "report.json"
    folders = "a", "more/b", "more/same"
    assert list(written(out)) == [f"{folder}/{kind}" for folder in folders for kind in kinds]
    visible = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert visible == {"a", "more", "manifest.jsonl"}


def test_the_manifest_has_a_line_for_each_clip(clips, finished):
    out, _ = finished
    lines = manifest(out)
    assert lines.keys() == {"a", "broken", "more/b", "more/same", "nobody"}
    line = lines["more/b"]
    assert line["input"] == str(clips / "more" / "b.mp4")
    assert line["outputs"] == {kind: f"more/b/{kind}.mp4" for kind in ("binary", "colorized")}
    assert (line["seed"], line["frames"], line["report"]) == (3, COUNT, "more/b/report.json")
    assert 0 < line["seconds"] < 100
    assert line["warnings"] == json.loads((out / line["report"]).read_text())["warnings"]
    assert lines["broken"].keys() == {"name", "input", "error"}
    assert lines["broken"]["error"].startswith("broken.mp4 is not a video")


def test_a_gait_comes_of_the_secret_and_the_content_not_of_the_name(clips, finished, tmp_path):
    out, _ = finished
    content = {name: (out / name / "binary.mp4").read_bytes() for name in ("a", "more/same")}
    assert content["a"] == content["more/same"]
    seeded = replace(OPTIONS.anonymize, seed=3)
    one = Pipeline.load(replace(OPTIONS, anonymize=seeded, threads=1))
    one.run(clips / "a.mp4", tmp_path)
    for name in ("binary.mp4", "colorized.mp4"):
        assert (tmp_path / name).read_bytes() == (out / "a" / name).read_bytes()


def test_the_secret_and_the_contents_digest_are_told_to_nobody(clips, finished):
    out, run = finished
    told = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    told += (run.stdout + run.stderr + "".join(map(str, out.rglob("*")))).encode()
    part = SECRET[:9]
    for form in (part, repr(part)[2:-1].encode(), part.hex().encode(), base64.b64encode(part)):
        assert form not in told
    for path in clips.rglob("*.mp4"):
        assert hashlib.sha256(path.read_bytes()).hexdigest().encode() not in told


def test_no_line_tells_when_a_clip_was_filmed_or_how_large_it_is(clips, finished, tmp_path):
    """A later run tells by the stamp alone that a file is the same, and by nothing less."""
    path = clips / "a.mp4"
    about = path.stat()
    line = manifest(finished[0])["a"]
    assert about.st_size not in line.values()
    for time_ns in (about.st_mtime_ns, about.st_ctime_ns):
        assert str(time_ns // 10**9) not in json.dumps(line)
    assert stamp_of(path, line["salt"]) == line["stamp"] != stamped(path)["stamp"]
    assert (
        stamp_of(shutil.copytree(clips, tmp_path / "clips") / "a.mp4", line["salt"])
        != line["stamp"]
    )


def test_what_is_finished_is_not_done_again(clips, finished, tmp_path):
    """Also if files were moved or touched; and no worker is started if nothing is to be done."""
    out, _ = finished
    before = written(out)
    good = tmp_path / "clips"
    shutil.copytree(clips, good)  # with other times
    (good / "broken.mp4").unlink()
    (good / "nobody.mp4").unlink()
    results = []
    for result in batch(good, out).run():
        results.append(result)
        assert not workers()
    assert [(one.name, one.resumed, one.frames) for one in results] == [
        (name, True, COUNT) for name in ("a", "more/b", "more/same")
    ]
    assert results[0].report()["frames_out"] == COUNT
    assert results[0].outputs["binary"] == str(out / "a" / "binary.mp4")
    assert written(out) == before
    assert manifest(out)["more/b"]["input"] == str(good / "more" / "b.mp4")


def test_two_runs_into_one_folder_are_refused(clips, finished):
    out, _ = finished
    first = batch(clips / "more", out, OPTIONS).run()
    moved = batch(clips, out).run()
    assert next(moved).resumed
    with pytest.raises(BatchError, match="Another run is writing to"):
        next(first)
    moved.close()


@pytest.mark.slow
def test_what_was_changed_or_lost_is_done_again_and_nothing_else(clips, finished, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(finished[0], out)
    mine = tmp_path / "clips"
    shutil.copytree(clips, mine)
    write_walk(mine / "more" / "b.mp4", 24)
    (out / "more" / "same" / "colorized.mp4").unlink()
    with (out / "manifest.jsonl").open("a") as file:
        file.write('{"name": "a", "outp')  # as a killed run may leave it
    before = written(out)
    results = {one.name: one for one in batch(mine, out, workers=1).run()}
    assert {name for name, one in results.items() if one.resumed} == {"a"}
    assert {name for name, one in results.items() if one.error} == {"broken", "nobody"}
    changed = {name for name, when in written(out).items() if before.get(name) != when}
    assert {name.rpartition("/")[0] for name in changed} == {"more/b", "more/same"}
    assert manifest(out)["more/b"]["content"] != manifest(finished[0])["more/b"]["content"]


def test_results_depend_on_options_weights_and_a_given_secret():
    weights = {"anet": "a1", "cnet": "c1"}
    several = [
        settings_of(options, files)
        for options, files in (
            (OPTIONS, weights),
            (OPTIONS, weights | {"anet": "a2"}),
            (replace(OPTIONS, colorize=ColorizeOptions("plain")), weights),
            (replace(OPTIONS, video=VideoOptions(only=("binary",))), weights),
            (replace(OPTIONS, anonymize=AnonymizeOptions(secret=SECRET[::-1])), weights),
            (replace(OPTIONS, anonymize=AnonymizeOptions()), weights),
            (replace(OPTIONS, anonymize=AnonymizeOptions(seed=1, secret=SECRET)), weights),
        )
    ]
    assert len(set(several)) == len(several)
    assert settings_of(replace(OPTIONS, threads=7), dict(reversed(weights.items()))) == several[0]


@pytest.mark.slow
def test_a_clip_whose_worker_is_killed_is_tried_again_once(clips, tmp_path):
    """Clip b kills its worker always, a once."""
    killed = []

    def kill(name, stage, done, total):
        if stage == "render" and (name == "more/b" or (name == "a" and "a" not in killed)):
            killed.append(name)
            workers()[0].kill()

    results = {}
    for result in batch(clips, tmp_path / "out", workers=1).run(kill):
        results[result.name] = result
    assert killed.count("a") == 1 and set(killed) == {"a", "more/b"}
    assert results["more/b"].error.startswith("The process that worked on b.mp4 died 2 times")
    for name in ("a", "more/same"):
        assert results[name].error is None and results[name].frames == COUNT
    assert not (tmp_path / "out" / "more" / "b").exists()
    assert manifest(tmp_path / "out").keys() == results.keys()
    assert not workers()


@pytest.mark.slow
def test_who_leaves_the_loop_leaves_no_process_and_no_half_result(clips, tmp_path):
    results = anonymize_many(clips / "more", tmp_path / "out", OPTIONS, workers=2)
    result = next(results)
    results.close()
    assert result.error is None and not workers()
    assert manifest(tmp_path / "out").keys() == {result.name}
    hidden = [path.name for path in (tmp_path / "out").rglob(".*")]
    assert hidden == [".manifest.jsonl.lock"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a terminal is opened as POSIX systems do")
def test_a_run_that_is_killed_goes_on_where_it_was(clips, tmp_path):
    """kill -9 of the run in the middle of a clip; and the bar on its terminal."""
    import pty
    import termios

    out = tmp_path / "out"
    arguments = command(clips / "more", clips / "a.mp4", "--out", out, "--workers", "1")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    run = subprocess.Popen(arguments, env=environment(), stderr=theirs)
    os.close(theirs)
    _wait_for(lambda: (out / "manifest.jsonl").exists() and manifest(out))
    _wait_for(lambda: any(path.is_dir() for path in out.rglob(".gait-demo-*")))
    orphans = workers(run.pid)
    run.send_signal(signal.SIGKILL)
    run.wait()
    psutil.wait_procs(orphans, timeout=5)
    assert orphans and not any(one.is_running() for one in orphans)
    said = os.read(ours, 100_000).decode()
    assert "1/3" in said and "clip" in said and "frames/s" in said

    first = written(out)
    done = {name for name in first if not name.startswith(".")} & {
        name for line in manifest(out).values() for name in line["outputs"].values()
    }
    again = subprocess.run(arguments, env=environment(), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["resumed"] == len(manifest(out)) - 2 == 1
    assert len(done) == 4 and all(written(out)[name] == first[name] for name in done)
    assert len(written(out)) == 3 * 5 and not any("gait-demo-" in name for name in written(out))


@pytest.mark.skipif(shutil.which("false") is None, reason="no program ends at once")
def test_workers_that_die_at_once_end_the_run_with_a_sentence(monkeypatch):
    """The plan is more than a pipe holds, so that their end shows while it is sent."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    plan = Plan(Place("memory://x"), OPTIONS, {}, {"anet": "a" * 10**6})
    with pytest.raises(BatchError, match="No worker could be started"), Local(plan, 1, 1):
        pass


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 600 kB, and how to mount it with other options."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(*options):
        return subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", disk]).returncode

    if os.name != "posix" or os.geteuid() != 0 or mount("-o", "size=600k"):
        pytest.skip("no small disk can be mounted: a full disk was not tested")
    yield disk, lambda options: mount("-o", f"remount,{options}")
    subprocess.run(["umount", disk], check=True)


def test_an_output_that_may_not_be_written_is_told_before_anything_is_done(clips, small_disk):
    disk, remount = small_disk
    (disk / "there").mkdir()
    remount("ro")
    with pytest.raises(BatchError, match="is not permitted"):
        next(batch(clips, disk / "there").run())
    with pytest.raises(BatchError, match="cannot be used: Read-only file system"):
        next(batch(clips, disk / "new").run())


@pytest.mark.slow
def test_a_full_disk_ends_the_run_with_a_sentence_and_loses_nothing(clips, small_disk, capsys):
    disk, remount = small_disk
    (disk / "filler").write_bytes(bytes(560_000))
    out = disk / "out"
    arguments = ["anonymize", str(clips / "more"), "--out", str(out), "--workers", "1"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert (
        "No space left" in said
        and "start the run again to continue" in said
        and "Traceback" not in said
    )
    assert [path for path in out.rglob("*.mp4")] == []
    remount("size=50m")
    assert main(arguments) == 0
    assert manifest(out).keys() == {"b", "same"} and len(written(out)) == 2 * 5


def _wait_for(true, seconds=120):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)
