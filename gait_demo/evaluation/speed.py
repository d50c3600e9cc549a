"""`bench`: time and memory of one run, compared with decoding and encoding alone."""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from gait_demo.pipeline import Pipeline
from gait_demo.pipeline.outputs import QUALITY
from gait_demo.video import VideoWriter, probe, read_frames

_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def bench(pipeline: Pipeline, clip: Path) -> dict:
    """Run a clip and measure it.

    Returns:
        stages: seconds by stage; clip_s, processing_s: duration of the clip and of the run, in
        seconds; ratio: processing_s / clip_s; seed_ratio: the same for the part of a run that a new
        seed repeats; cpu_ratio, seed_cpu_ratio: the same with CPU seconds of all cores, which other
        programs disturb less; peak_rss_mb: peak resident memory in 10^6 bytes; floor: seconds for
        decoding the clip once, and for encoding the four outputs one after the other.

    Raises:
        GaitDemoError: as for Pipeline.run.
    """
    with tempfile.TemporaryDirectory() as folder:
        _ = pipeline.models.detector  # built now, so that the time of building does not count
        start = _now()
        analysis = pipeline.analyse(clip, Path(folder) / "analysis")
        between = _now()
        seed = pipeline.options.anonymize.seed
        result = pipeline.render(analysis, Path(folder) / "result", seed)
        whole, again = _now() - start, _now() - between
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT_BYTES
        outputs = (result.original, result.binary, result.colorized, result.comparison)
        floor = {
            "decode_s": round(_decoding_s(clip), 3),
            "encode_s": round(sum(map(_encoding_s, outputs)), 3),
        }
    report = result.report
    ratio, cpu_ratio = (whole / report["duration_s"]).round(3).tolist()
    seed_ratio, seed_cpu_ratio = (again / report["duration_s"]).round(3).tolist()
    return {
        "clip": {key: report[key] for key in ("width", "height", "fps", "frames_in")},
        "stages": report["timings"],
        "clip_s": report["duration_s"],
        "processing_s": round(float(whole[0]), 3),
        "ratio": ratio,
        "seed_ratio": seed_ratio,
        "cpu_ratio": cpu_ratio,
        "seed_cpu_ratio": seed_cpu_ratio,
        "peak_rss_mb": round(peak / 1e6, 1),
        "floor": floor,
    }


def _now() -> np.ndarray:
    """(2,) seconds: wall-clock time, and CPU time of this process."""
    return np.array([perf_counter(), process_time()])


def _decoding_s(path: Path) -> float:
    start = perf_counter()
    for _ in read_frames(path):
        pass
    return perf_counter() - start


def _encoding_s(path: Path) -> float:
    """Seconds that encoding the frames of a video again takes, without decoding them."""
    info = probe(path)
    decoding_s = 0.0
    start = perf_counter()
    again = path.with_suffix(".again.mp4")
    with VideoWriter(again, info.width, info.height, info.fps, **QUALITY) as writer:
        frames = read_frames(path)
        while True:
            before = perf_counter()
            frame = next(frames, None)
            decoding_s += perf_counter() - before
            if frame is None:
                break
            writer.write(frame.rgb, frame.time)
    return perf_counter() - start - decoding_s
