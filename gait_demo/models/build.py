"""Checkpoints: a state dict with its network's name, dimensions and training summary."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from gait_demo.errors import WeightsError
from gait_demo.models.anet import ANet, ANetDims
from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.models.stgan import STGAN, STGANDims

_NETWORKS = {"anet": (ANet, ANetDims), "cnet": (CNet, CNetDims), "stgan": (STGAN, STGANDims)}


def save(path: Path, network: str, model: nn.Module, summary: dict) -> None:
    """Write a checkpoint as safetensors, atomically replacing a file of that name.

    Args:
        network: "anet", "cnet" or "stgan".
        summary: a report of the training; anything that JSON can hold.
    """
    write_tensors(path, network, model.state_dict(), asdict(model.dims), summary)


def write_tensors(
    path: Path, network: str, tensors: dict[str, torch.Tensor], dims: dict, summary: dict
) -> None:
    """Write a state dict as `save` does; `dims` are the arguments that rebuild the network."""
    metadata = {"network": network, "dims": json.dumps(dims), "summary": json.dumps(summary)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata)
    part.replace(path)


def load(path: Path, network: str) -> nn.Module:
    """The network of a checkpoint, ready for inference. Every tensor must fit.

    Args:
        network: "anet", "cnet" or "stgan": the network that the caller expects.

    Raises:
        WeightsError: the file is not a checkpoint of this project, is another network's, or its
            tensors do not fit its dimensions.
    """
    tensors, metadata = read_tensors(path, network)
    build, dims = _NETWORKS[network]
    try:
        model = build(dims(**json.loads(metadata["dims"])))
        model.load_state_dict(tensors, strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{path.name} does not fit {network}: it was made by another version of it. "
            "Train it again or use the project's own checkpoints."
        ) from error
    # channels last: the fastest memory layout for convolutions on a CPU
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def read_tensors(path: Path, network: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The state dict and the metadata of a checkpoint.

    Raises:
        WeightsError: not a checkpoint of this project, or another network's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path.name} cannot be read as safetensors weights; download or train it again."
        ) from error
    if metadata.get("network") != network:
        raise WeightsError(
            f"{path.name} holds {metadata.get('network', 'another program')!r} weights, "
            f"but {network!r} was asked for."
        )
    return tensors, metadata
