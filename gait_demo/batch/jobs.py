"""What a worker does: one clip after the other, with networks that it has loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from gait_demo.batch.manifest import content_of
from gait_demo.batch.plan import Made, Plan, Progress
from gait_demo.errors import VideoError, WeightsError
from gait_demo.pipeline import Models, Pipeline
from gait_demo.workspace import sweep


@dataclass(frozen=True)
class Worker:
    """Networks, and the plan."""

    models: Models
    plan: Plan


def load(plan: Plan) -> Worker:
    """
    Raises:
        WeightsError: some are missing, or are not those of the plan.
    """
    options = plan.options
    models = Models.load(plan.chosen, options.anonymize.anonymizer, options.threads)
    _ = models.detector  # built now
    if plan.place.folder is not None:
        sweep(plan.place.folder)
    mine = {file.name: file.sha256 for file in models.weights(options.anonymize.anonymizer)}
    other = [name for name in plan.weights | mine if plan.weights.get(name) != mine.get(name)]
    if other:
        raise WeightsError(
            f"A worker has other weights of {', '.join(sorted(other))} than the run that it works "
            "for: run `python -m gait_demo fetch` on every machine."
        )
    return Worker(models, plan)


def anonymize(worker: Worker, report: Progress, path: Path, name: str) -> Made:
    """As `Pipeline.run`, into the place of the plan."""
    began = perf_counter()
    try:
        content = content_of(path)
    except OSError as error:
        raise VideoError(f"{path.name} cannot be read: {error.strerror}.") from error
    with worker.plan.place.filled(name) as folder:
        made = Pipeline(worker.models, worker.plan.options).run(path, folder, report).report
    return Made(content, made["frames_out"], perf_counter() - began, made["warnings"])
