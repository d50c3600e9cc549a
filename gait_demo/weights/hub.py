"""Downloading the project's weights from the Hugging Face Hub, and explaining failures."""

from __future__ import annotations

from pathlib import Path

from gait_demo.weights.manifest import sha256


def fetch(file: str, digest: str, place: str, *, online: bool) -> Path:
    """The path of a file in huggingface_hub's cache; downloaded, with a progress bar, if missing.

    A cached file with a wrong hash is downloaded again. A file appears in the cache completely or
    not at all, also when several processes download it at once.

    Args:
        file: its name in the repository.
        digest: the sha256 that it should have. The caller must verify a downloaded file.
        place: OWNER/NAME, or OWNER/NAME@REVISION.
        online: whether the Hub may be used.

    Raises:
        Exception: any error of the network, a proxy or the disk; see `reason`.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository, _, revision = place.partition("@")
    which = {"repo_id": repository, "filename": file, "revision": revision or None}
    cached = try_to_load_from_cache(**which)
    is_cached = isinstance(cached, str)
    if is_cached and sha256(Path(cached)) == digest:
        return Path(cached)
    return Path(
        hf_hub_download(**which, local_files_only=not online, force_download=online and is_cached)
    )


def reason(error: BaseException) -> str:
    """Why a request to the Hub failed, as the end of a sentence."""
    from huggingface_hub import errors

    while (response := getattr(error, "response", None)) is None and error.__cause__ is not None:
        error = error.__cause__  # huggingface_hub wraps the original error
    if isinstance(error, errors.RevisionNotFoundError):
        return "it has no such revision"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "it is not in the cache, and offline the Hub is not asked"
    if isinstance(error, errors.EntryNotFoundError):
        return "it has no such file"
    if isinstance(error, errors.HFValidationError):
        return "this is not the name of a repository, OWNER/NAME"
    if response is None:
        return f"the connection or the disk failed ({type(error).__name__}: {error})"
    reason = getattr(error, "server_message", None)
    reason = f" ({reason})" if reason else ""
    if isinstance(error, errors.RepositoryNotFoundError) or response.status_code in (401, 403):
        return f"it does not exist, or you may not use it; `hf auth login` signs you in{reason}"
    return f"the Hub answered with status {response.status_code}{reason}"
