"""`publish`: uploads the weights, and the app as a Space, to the Hugging Face Hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from gait_demo.errors import GaitDemoError
from gait_demo.weights import publishing


def add(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "publish", help="upload the weights to the Hugging Face Hub, and the app as a Space"
    )
    parser.add_argument("--repo", type=_repository, required=True, metavar="OWNER/NAME")
    parser.add_argument(
        "--space", type=_repository, nargs="?", const=True, metavar="OWNER/NAME",
        help="also upload the app as a Space; under the same name unless another is given",
    )  # fmt: skip
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="results.md of evaluate privacy, to put into the model card",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be uploaded")
    parser.set_defaults(command=_publish)


def _publish(parsed: argparse.Namespace) -> None:
    results = _table(parsed.results) if parsed.results else None
    weights = publishing.weights(parsed.repo, results)
    _show(weights)
    if parsed.dry_run:
        print(f"\n{weights.files['README.md'].decode()}")
    else:
        commit = publishing.upload(weights)
        print(f"Published as {parsed.repo}@{commit}.")
        publishing.record(parsed.repo, commit, weights.files)
        print("checkpoints/manifest.json now names this commit.\n")
    if parsed.space is None:
        return
    name = parsed.repo if parsed.space is True else parsed.space
    space = publishing.space(name, models=parsed.repo)
    _show(space)
    if not parsed.dry_run:
        print(f"Published as {space.repository}@{publishing.upload(space)}.")


def _show(what: publishing.Upload) -> None:
    sizes = what.sizes()
    print(f"{what.kind} {what.repository}: {len(sizes)} files, {sum(sizes.values()):,} bytes")
    for path, size in sizes.items():
        print(f"{size:>12,}  {path}")


def _table(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    if "\n| ---" not in f"\n{text}":
        raise GaitDemoError(
            f"There is no table in {path}; give the results.md that evaluate privacy wrote."
        )
    return text


def _repository(text: str) -> str:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if "/" not in text:
        raise argparse.ArgumentTypeError(f"expected OWNER/NAME, got {text}")
    return text
