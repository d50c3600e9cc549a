"""Our weights on the Hugging Face Hub, and what to say when the Hub does not deliver."""

from __future__ import annotations

from pathlib import Path

from gait_demo.weights.manifest import sha256


def fetch(file: str, digest: str, place: str, *, online: bool) -> Path:
    """A file in huggingface_hub's cache; downloaded, with a progress bar, if it is not there.

    What the cache holds is used only if it is right; wrong content is downloaded anew. A file
    appears in the cache whole or not at all, also where several processes ask for it at once.

    Args:
        file: its name in the repository.
        digest: the sha256 that it should have. The caller compares what was downloaded.
        place: OWNER/NAME, or OWNER/NAME@REVISION.
        online: whether the Hub may be asked.

    Raises:
        Exception: whatever a network, a proxy or a full disk can do; see `reason`.
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
    """Why the Hub did not do what was asked of it, as the end of a sentence."""
    from huggingface_hub import errors

    while (response := getattr(error, "response", None)) is None and error.__cause__ is not None:
        error = error.__cause__  # huggingface_hub wraps what happened
    if isinstance(error, errors.RevisionNotFoundError):
        return "it has no such revision"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "it is not in the cache, and offline the Hub is not asked"
    if isinstance(error, errors.EntryNotFoundError):
        return "it has no such file"
    if isinstance(error, errors.HFValidationError):
        return "this is not the name of a repository, OWNER/NAME"
    if response is None:
        return f"the connection failed or the disk did ({type(error).__name__}: {error})"
    said = getattr(error, "server_message", None)
    said = f" ({said})" if said else ""
    if isinstance(error, errors.RepositoryNotFoundError) or response.status_code in (401, 403):
        return f"it does not exist, or you may not use it; `hf auth login` signs you in{said}"
    return f"the Hub answered with status {response.status_code}{said}"
