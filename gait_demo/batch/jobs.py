"""What a worker does: it loads the networks once, then processes one clip after another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from gait_demo.batch.manifest import content_of
from gait_demo.batch.plan import Plan, WorkerResult
from gait_demo.errors import VideoError, WeightsError
from gait_demo.pipeline import Models, Pipeline
from gait_demo.types import Progress
from gait_demo.workspace import sweep


@dataclass(frozen=True)
class Worker:
    """The loaded networks, and the plan."""

    models: Models
    plan: Plan


def load(plan: Plan) -> Worker:
    """Loads the networks.

    Raises:
        WeightsError: weights are missing, or differ from those of the plan.
    """
    options = plan.options
    models = Models.load(plan.chosen, options.anonymize.anonymizer, options.threads)
    _ = models.detector  # built now
    if plan.place.folder is not None:
        sweep(plan.place.folder)
    own_weights = {file.name: file.sha256 for file in models.weights(options.anonymize.anonymizer)}
    other = [
        name
        for name in plan.weights | own_weights
        if plan.weights.get(name) != own_weights.get(name)
    ]
    if other:
        raise WeightsError(
            f"A worker has other weights for {', '.join(sorted(other))} than the machine that "
            "started the run: run `python -m gait_demo fetch` on every machine."
        )
    return Worker(models, plan)


def anonymize(worker: Worker, report: Progress, path: Path, name: str) -> WorkerResult:
    """`Pipeline.run`, with the output that the plan names."""
    began = perf_counter()
    try:
        content = content_of(path)
    except OSError as error:
        raise VideoError(f"{path.name} cannot be read: {error.strerror}.") from error
    with worker.plan.place.filled(name) as folder:
        summary = Pipeline(worker.models, worker.plan.options).run(path, folder, report).report
    return WorkerResult(content, summary["frames_out"], perf_counter() - began, summary["warnings"])
