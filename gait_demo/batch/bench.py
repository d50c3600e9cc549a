"""`bench --batch`: speed of parallel processing, compared with one process that takes the clips one
after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil

from gait_demo.batch.batch import REPORT, Batch, spread
from gait_demo.batch.inputs import Clip
from gait_demo.batch.manifest import MANIFEST, stamped
from gait_demo.batch.plan import WorkerPool, WorkerResult
from gait_demo.errors import GaitDemoError
from gait_demo.pipeline import Pipeline


def bench_batch(
    pipeline: Pipeline, inputs: list[str], rounds: int, pools: dict, finished: int
) -> dict:
    """Measures all methods in turns, so that other programs disturb them equally. The time for
    loading networks does not count.

    Args:
        pipeline: processes the clips one after another.
        inputs: as for `Batch`.
        rounds: how often all clips are processed.
        pools: the arguments "workers" and "ray" of `Batch`; with a cluster, local processes are
            measured as well.
        finished: number of finished clips in the run that is resumed.

    Returns:
        workers, clips, frames (per round); for "loop" (this process, one clip after another),
        "local" and "ray": clips_per_s, frames_per_s, and speedup over the loop in the same round,
        all medians; cpu_s: CPU seconds per clip in the loop and in local processes, which other
        programs disturb less; overhead_s: seconds per clip that one worker does not spend on it;
        worker_mb: peak memory of each worker in 10^6 bytes; resume_s: seconds that a run over
        finished clips takes, including the start of the program.

    Raises:
        GaitDemoError: as for `Batch.run`, or a clip fails.
    """
    _ = pipeline.models.detector
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        runs = {"local": Batch(inputs, root / "local", pipeline.options, workers=pools["workers"])}
        if pools["ray"] is not None:
            runs["ray"] = Batch(inputs, root / "ray", pipeline.options, **pools)
        clips = runs["local"].clips
        alone = Batch(inputs, root / "alone", pipeline.options, workers=1)
        with _pool(alone, clips) as pool:
            overhead_s = min(_overhead_s(pool, clips) for _ in range(rounds))

        seconds: dict[str, list[float]] = {}
        cpu_s = {"loop": 0.0, "local": 0.0}
        with ExitStack() as stack:
            opened = {name: stack.enter_context(_pool(run, clips)) for name, run in runs.items()}
            for pool in opened.values():
                _work(pool, (clips * pool.workers)[: 2 * pool.workers])  # every worker loads

            def loop() -> int:
                return sum(
                    pipeline.run(clip.path, root / "loop" / clip.name).report["frames_out"]
                    for clip in clips
                )

            ways: dict[str, Callable[[], int]] = {"loop": loop}
            for name, pool in opened.items():
                ways[name] = lambda pool=pool: sum(result.frames for result in _work(pool, clips))
            for _ in range(rounds):
                for name, way in ways.items():
                    pids = {"loop": [os.getpid()], "local": opened["local"].pids}.get(name)
                    began, worked = perf_counter(), _worked_s(pids)
                    frames = way()
                    seconds.setdefault(name, []).append(perf_counter() - began)
                    if pids is not None:
                        cpu_s[name] += (_worked_s(pids) - worked) / (rounds * len(clips))
            peaks = [_peak_mb(pid) for pid in opened["local"].pids]
            workers = opened["local"].workers
        resume_s = _resume_s(clips[0], root, finished)
    return {
        "workers": workers,
        "clips": len(clips),
        "frames": frames,
        **{
            name: {
                "clips_per_s": round(len(clips) / median(spent), 3),
                "frames_per_s": round(frames / median(spent), 2),
                "speedup": round(
                    median(a / b for a, b in zip(seconds["loop"], spent, strict=True)), 3
                ),
            }
            for name, spent in seconds.items()
        },
        "cpu_s": {name: round(spent, 2) for name, spent in cpu_s.items()},
        "overhead_s": round(overhead_s, 4),
        "worker_mb": [round(peak) for peak in peaks],
        "resume_s": round(resume_s, 2),
    }


def _pool(batch: Batch, clips: list[Clip]) -> WorkerPool:
    plan = batch.plan()
    plan.place.open()
    return batch.pool(plan, len(clips))


def _work(pool: WorkerPool, clips: list[Clip]) -> list[WorkerResult]:
    done = []
    for clip, result in spread(pool, clips, lambda *_: None):
        if isinstance(result, GaitDemoError):
            raise GaitDemoError(f"{clip.path} cannot be measured: {result}")
        done.append(result)
    return done


def _overhead_s(pool: WorkerPool, clips: list[Clip]) -> float:
    """Seconds per clip in which the worker does not work on it."""
    began = perf_counter()
    done = _work(pool, clips)
    return (perf_counter() - began - sum(result.seconds for result in done)) / len(clips)


def _worked_s(pids: list[int] | None) -> float:
    """CPU seconds of processes so far."""
    times = (psutil.Process(pid).cpu_times() for pid in pids or ())
    return sum(spent.user + spent.system for spent in times)


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():  # not Linux
        return psutil.Process(pid).memory_info().rss / 1e6
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _resume_s(clip: Clip, root: Path, count: int) -> float:
    """Seconds that the command takes for `count` finished clips; all are hard links to one clip."""
    inputs, out = root / "inputs", root / "out"
    inputs.mkdir()
    first = inputs / f"clip{clip.path.suffix}"
    first.write_bytes(clip.path.read_bytes())
    run = [sys.executable, "-m", "gait_demo", "anonymize", str(inputs), "--out", str(out)]
    place = {"cwd": Path(__file__).resolve().parents[2], "stdout": subprocess.DEVNULL}
    subprocess.run(run, check=True, **place)
    line = json.loads((out / MANIFEST).read_text())
    names = [f"{number:05d}" for number in range(count)]
    for name in names:
        os.link(first, inputs / f"{name}{first.suffix}")
        (out / name).mkdir()
        for file in (*line["outputs"].values(), line["report"]):
            os.link(out / file, out / name / Path(file).name)
    first.unlink()
    with (out / MANIFEST).open("w") as file:
        for name in names:
            own = {
                "name": name,
                **stamped(inputs / f"{name}{first.suffix}"),
                "outputs": {kind: f"{name}/{kind}.mp4" for kind in line["outputs"]},
                "report": f"{name}/{REPORT}",
            }
            file.write(json.dumps(line | own) + "\n")
    began = perf_counter()
    subprocess.run(run, check=True, **place)
    return perf_counter() - began
