"""Training of the person detector, by ultralytics' own trainer."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from tqdm import tqdm

from gait_demo.errors import DataError
from gait_demo.models.build import read_tensors
from gait_demo.people.yolo import layers, save_network  # first: it keeps ultralytics offline

# isort: split
from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.nn.tasks import SegmentationModel

_SCORES = {"AP50 of boxes": "metrics/mAP50(B)", "AP50 of masks": "metrics/mAP50(M)"}


@dataclass(frozen=True)
class DetectorTrainingOptions:
    """How the detector is trained.

    Attributes:
        data: folder that `synthesize crowds` wrote.
        out: the checkpoint; the trainer's own files lie in a folder of that name beside it.
        size: pixels of the square pictures.
        start: a checkpoint of ours to start from; None: random weights.
        device: as ultralytics names it: cpu, or 0 for the first GPU.
    """

    data: Path
    out: Path
    epochs: int = 40
    batch: int = 8
    size: int = 320
    learning_rate: float = 0.002
    seed: int = 0
    device: str = "cpu"
    start: Path | None = None
    minutes: float | None = None  # as many epochs as that takes, instead
    resume: bool = False


class _Network(SegmentationModel):
    """In training: on a processor its layers compute in bfloat16, which ultralytics offers on
    GPUs alone; the loss does not."""

    def loss(self, batch: dict, preds=None):
        images = batch["img"]
        with torch.autocast("cpu", torch.bfloat16, enabled=images.device.type == "cpu"):
            preds = self.forward(images) if preds is None else preds
        return super().loss(batch, _in_full(preds))


def _in_full(value):
    """The same nest of tensors, in float32."""
    if isinstance(value, dict):
        return {key: _in_full(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_in_full(part) for part in value)
    return value.float() if value.is_floating_point() else value


class _Trainer(SegmentationTrainer):
    start: Path | None = None
    threads: int = 1

    def get_dataloader(self, dataset_path, batch_size=16, rank=0, mode="train"):
        if self.device.type == "cpu":  # there ultralytics has none, and waits for pictures
            self.args.workers = 1
        return super().get_dataloader(dataset_path, batch_size, rank, mode)

    def get_model(self, cfg=None, weights=None, verbose=True) -> torch.nn.Module:
        torch.set_num_threads(self.threads)  # ultralytics leaves a core out
        network = _Network(layers(), verbose=False)
        if weights is not None:  # of the run that is resumed
            network.load(weights)
        elif self.start is not None:
            network.load_state_dict(read_tensors(self.start, "yolo")[0])
        # the layout in which a processor's convolutions are fastest
        return network.to(memory_format=torch.channels_last)


def train_detector(options: DetectorTrainingOptions) -> dict:
    """Train, and write the averaged weights of the last epoch as safetensors.

    Returns:
        The summary, as written into the checkpoint.

    Raises:
        DataError: there is nothing to train on, or nothing to resume.
    """
    description = options.data / "data.yaml"
    if not description.is_file():
        raise DataError(f"There is no {description}; make it with `synthesize crowds`.")
    folder = options.out.with_suffix("")
    last = folder / "weights" / "last.pt"
    if options.resume and not last.is_file():
        raise DataError(f"There is no {last}; start without --resume.")
    overrides = {
        "model": "yolov8n-seg.yaml",
        "data": str(description.resolve()),
        "project": str(folder.parent.resolve()),
        "name": folder.name,
        "exist_ok": True,
        "epochs": options.epochs,
        "time": options.minutes / 60 if options.minutes else None,
        "batch": options.batch,
        "nbs": options.batch,
        "imgsz": options.size,
        "cache": "ram",  # where it is large enough
        "optimizer": "AdamW",
        "lr0": options.learning_rate,
        "cos_lr": True,
        "warmup_epochs": 0.2,
        "warmup_bias_lr": 0.0,  # the default is for SGD
        "mosaic": 0.5,
        "close_mosaic": max(1, options.epochs // 8),
        "degrees": 10.0,
        "seed": options.seed,
        "device": options.device,
        "plots": False,
        "val": False,  # but at the end
        "resume": str(last) if options.resume else False,
    }
    started, threads = time.monotonic(), torch.get_num_threads()
    trainer = _Trainer(overrides=overrides)
    trainer.start, trainer.threads = options.start, threads
    with tqdm(unit="batch", dynamic_ncols=True) as bar:
        trainer.add_callback("on_train_epoch_start", lambda trainer: _begin(bar, trainer))
        trainer.add_callback("on_train_batch_end", lambda trainer: _go_on(bar, trainer))
        trainer.train()
    summary = {
        "command": " ".join(["python -m gait_demo", *sys.argv[1:]]),
        "data": {"pictures": len(trainer.train_loader.dataset)},
        "epochs": trainer.epoch + 1,
        "batch": trainer.args.batch,
        "size": trainer.args.imgsz,
        "seed": trainer.args.seed,
        "seconds": round(time.monotonic() - started),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "scores": {name: round(float(trainer.metrics[key]), 4) for name, key in _SCORES.items()},
    }
    save_network(options.out, trainer.ema.ema.float(), summary)
    return summary


def _begin(bar: tqdm, trainer: SegmentationTrainer) -> None:
    bar.reset(total=len(trainer.train_loader))
    bar.set_description(f"epoch {trainer.epoch + 1} of {trainer.epochs}")


def _go_on(bar: tqdm, trainer: SegmentationTrainer) -> None:
    bar.set_postfix({name: f"{float(loss):.3f}" for name, loss in trainer.tloss.items()}, False)
    bar.update()
