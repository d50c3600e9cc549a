"""The training loop that A-NET and C-NET share: seeded, bounded, and resumable after a kill."""

from __future__ import annotations

import math
import pickle
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from gait_demo.errors import DataError, WeightsError
from gait_demo.models import build
from gait_demo.models.precision import bfloat16
from gait_demo.training.source import Source

PRESETS = ("paired", "paper")


@dataclass(frozen=True)
class TrainingOptions:
    """Options of every training run.

    Attributes:
        data: folder of `walks-*.npz` files, or of CASIA-B.
        out: the checkpoint to write; the training state and the sample picture lie beside it.
        preset: "paper" minimises the paper's loss as it stands; "paired" uses that the same walk
            is performed by several people.
        steps: planned number of optimiser steps, over which the learning rate falls.
        batch: number of windows or crops per step.
        device: "cpu" or "cuda".
        seed: of everything random.
        minutes: limit of the training time, including that before a resumption.
        resume: whether to continue from the training state beside `out`.
        start: a checkpoint of the same network to start from; parts that it lacks start at random.
            None: all parts do.
        people: of CASIA-B, for training and validation; None: all people in the data.
        learning_rate: of Adam, at the start.
        report_every: steps between reports: validation, checkpoint, state, picture.
        bf16: compute convolutions in bfloat16; twice as fast where the processor has it.
    """

    data: Path
    out: Path
    preset: str = "paired"
    steps: int = 100_000
    batch: int = 64
    device: str = "cpu"
    seed: int = 0
    minutes: float | None = None
    resume: bool = False
    start: Path | None = None
    people: tuple[int, ...] | None = None
    learning_rate: float = 1e-3
    report_every: int = 1000
    bf16: bool = True

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"preset: expected one of {PRESETS}, got {self.preset!r}")
        for name, low in (("steps", 1), ("batch", 8), ("report_every", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name}: expected at least {low}, got {getattr(self, name)}")
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"minutes: expected more than 0, got {self.minutes}")

    def autocast(self) -> torch.autocast:
        return bfloat16(self.device, wanted=self.bf16)

    @property
    def state_file(self) -> Path:
        return self.out.with_suffix(".state.pt")

    @property
    def picture_file(self) -> Path:
        return self.out.with_suffix(".png")


class Task(Protocol):
    """One network in training.

    `parts` are all objects with a state_dict that a resumed run needs, including the network.
    `step` does one optimiser step; its argument is the share of the training that is over.
    """

    network: str
    data: Source
    model: nn.Module
    parts: Mapping[str, nn.Module | torch.optim.Optimizer]
    rng: torch.Generator

    def step(self, progress: float) -> dict[str, Tensor]: ...

    def validate(self) -> dict[str, float]: ...

    def picture(self) -> np.ndarray: ...


def adam(module: nn.Module, learning_rate: float) -> torch.optim.Adam:
    """Adam with DCGAN's settings."""
    return torch.optim.Adam(module.parameters(), learning_rate, betas=(0.5, 0.999))


def train(task: Task, options: TrainingOptions, about: dict) -> dict:
    """Runs a task to its last step or minute.

    Args:
        about: what the summary contains beside the common entries.

    Returns:
        The summary, as written into the checkpoint.

    Raises:
        DataError: `resume` without a readable training state.
        WeightsError: `start` is no checkpoint of this network, or of another size.
    """
    if options.start:
        _start(task, options.start)
    step, seconds, history = 0, 0.0, []
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{options.out} cannot be written: {error.strerror}.") from error
    if options.resume:
        step, seconds, history = _restore(task, options.state_file)
    started = time.monotonic() - seconds
    totals: dict[str, Tensor] = {}
    counted = 0
    summary: dict = {}

    def progress() -> float:
        by_time = (time.monotonic() - started) / (60 * (options.minutes or math.inf))
        return min(1.0, max(step / options.steps, by_time))

    with tqdm(total=options.steps, initial=step, unit="step", dynamic_ncols=True) as bar:
        while step < options.steps and progress() < 1:
            _set_learning_rate(task, options.learning_rate, progress())
            for name, loss in task.step(progress()).items():
                totals[name] = totals.get(name, 0) + loss.detach()
            step += 1
            counted += 1
            bar.update()
            last = step == options.steps or progress() >= 1
            if not last and step % options.report_every:
                continue
            losses = {name: round(float(total) / counted, 5) for name, total in totals.items()}
            scores = {name: round(value, 4) for name, value in task.validate().items()}
            totals, counted = {}, 0
            bar.set_postfix(losses | scores)
            seconds = time.monotonic() - started
            history.append({"step": step, "seconds": round(seconds), **losses, **scores})
            summary = about | {
                "steps": step,
                "batch": options.batch,
                "seed": options.seed,
                "seconds": round(seconds),
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": " ".join(["python -m gait_demo", *sys.argv[1:]]),
                "data": task.data.about,
                "history": _thin(history),
            }
            build.save(options.out, task.network, task.model, summary)
            _save_state(task, options.state_file, step, seconds, history)
            cv2.imwrite(str(options.picture_file), task.picture()[..., ::-1])
    return summary


def _start(task: Task, checkpoint: Path) -> None:
    """Loads what the checkpoint has; parts of the network that it lacks keep their random start."""
    given = build.load(checkpoint, task.network)
    own, theirs = task.model.state_dict(), given.state_dict()
    if any(name not in own or own[name].shape != theirs[name].shape for name in theirs):
        raise WeightsError(f"{checkpoint.name} is of another size: {given.dims}.")
    task.model.load_state_dict(theirs, strict=False)


def _set_learning_rate(task: Task, highest: float, progress: float) -> None:
    """Sets the learning rate: half a cosine from the highest to 1 % of it."""
    rate = highest * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
    for part in task.parts.values():
        if isinstance(part, torch.optim.Optimizer):
            for group in part.param_groups:
                group["lr"] = rate


def _thin(history: list[dict], most: int = 20) -> list[dict]:
    """At most `most` entries, evenly spaced, including the last."""
    keep = np.unique(np.linspace(0, len(history) - 1, most).round().astype(int))
    return [history[i] for i in keep]


def _save_state(task: Task, path: Path, step: int, seconds: float, history: list[dict]) -> None:
    state = {
        "step": step,
        "seconds": seconds,
        "history": history,
        "rng": task.rng.get_state(),
        "parts": {name: part.state_dict() for name, part in task.parts.items()},
    }
    part_file = path.with_name(path.name + ".part")
    torch.save(state, part_file)
    part_file.replace(path)


def _restore(task: Task, path: Path) -> tuple[int, float, list[dict]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        task.rng.set_state(state["rng"])
        for name, part in task.parts.items():
            part.load_state_dict(state["parts"][name])
    except (OSError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise DataError(
            f"{path} is no training state of this network; start without --resume."
        ) from error
    return state["step"], state["seconds"], state["history"]
