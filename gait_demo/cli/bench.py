"""How fast and how large one run is, beside what decoding and encoding alone would cost."""

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
        stages: seconds by stage; clip_s and processing_s: seconds; ratio: processing / clip;
        seed_ratio: the same of what a new seed runs again; cpu_ratio, seed_cpu_ratio: the same of
        processor seconds, all cores together, which other programs disturb less; peak_rss_mb:
        resident memory at its largest, in 10^6 bytes; floor: seconds that decoding the clip once,
        and encoding the four outputs one after the other, take by themselves.

    Raises:
        GaitDemoError: as for Pipeline.run.
    """
    with tempfile.TemporaryDirectory() as folder:
        _ = pipeline.models.detector  # built, as the other networks are
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
    """(2,) seconds: of the clock, and those that processors have worked for this process."""
    return np.array([perf_counter(), process_time()])


def _decoding_s(path: Path) -> float:
    start = perf_counter()
    for _ in read_frames(path):
        pass
    return perf_counter() - start


def _encoding_s(path: Path) -> float:
    """Seconds that writing the frames of `path` takes, without the decoding of them."""
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
