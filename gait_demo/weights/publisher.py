"""The person detector of YOLO's publisher: a pickle, so only from the publisher's own repository.

Unpickling runs code. The file is therefore pinned to the revision in which the publisher uploaded
it, and to the sha256 that the Hub lists for it there.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from time import monotonic

from gait_demo.errors import WeightsError
from gait_demo.weights.manifest import sha256 as digest

REPOSITORY = "Ultralytics/YOLO11"  # on the Hugging Face Hub
REVISION = "5df55ae8af79be2d62706f481e97fea7c17c4afc"
FILE = "yolo11n-seg.pt"  # nano size, trained on COCO
SHA256 = "55ed65c56c91713d23e8402371c6c49a6fd84f257f7dce452e8d70e41dcbe152"
ANSWER_S = 5.0  # within which the Hub must answer, ...
DOWNLOAD_S = 60.0  # ... and the 6 MB must be there


def ask() -> None:
    """Ask the Hub for the file now, unless it is cached, so that `fetch` waits less; returns at
    once."""
    if _cached() is None:
        _download()


def fetch() -> Path | None:
    """The file in huggingface_hub's cache, downloaded on first use.

    A cached file needs no network. Otherwise the Hub is asked once a process: what was not there
    in time is not waited for again.

    Returns:
        None where the Hub does not answer within ANSWER_S of the first call of `ask` or `fetch`,
        does not deliver within DOWNLOAD_S of it, or refuses.
    """
    return _cached() or _download().wait()


def check(sha256: str) -> None:
    """
    Raises:
        WeightsError: this is not the file's hash.
    """
    if sha256 != SHA256:
        raise WeightsError(
            f"{FILE} from {REPOSITORY} is not the file that was published there: its sha256 is "
            f"{sha256}, not {SHA256}. Delete it from the Hugging Face cache, or set "
            "GAIT_DEMO_OFFLINE=1 to use the project's own detector."
        )


def check_file(path: Path) -> None:
    """Whether a file that the user named may be unpickled: only a copy of the publisher's.

    Raises:
        WeightsError: it is another file, which was not opened but to compute its hash; or its name
            says that it is of another format.
    """
    found = digest(path)
    if found != SHA256:
        raise WeightsError(
            f"{path} was not opened: what is no .safetensors is a pickle, which can run code, and "
            f"only {FILE} from {REPOSITORY} is trusted, whose sha256 is {SHA256}; this one's is "
            f"{found}. Name that file, or weights that `python -m gait_demo train detector` wrote."
        )
    if path.suffix.lower() != ".pt":  # by the suffix ultralytics chooses what reads it
        raise WeightsError(
            f"{path} is {FILE} from {REPOSITORY}, which can be used only under a name that ends in "
            ".pt: rename it."
        )


class _Download:
    """One attempt to fetch the file. It starts at once, in a thread that nothing waits for at
    exit, because a name that never resolves cannot be interrupted."""

    def __init__(self):
        self._began_s = monotonic()
        self._answered, self._ended = threading.Event(), threading.Event()
        self._path: Path | None = None
        threading.Thread(target=self._run, name="hub", daemon=True).start()

    def wait(self) -> Path | None:
        for event, limit_s in ((self._answered, ANSWER_S), (self._ended, DOWNLOAD_S)):
            if not event.wait(max(0.0, self._began_s + limit_s - monotonic())):
                return None
        return self._path

    def _run(self) -> None:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        url = hf_hub_url(REPOSITORY, FILE, revision=REVISION)
        try:
            get_hf_file_metadata(url, token=False, timeout=ANSWER_S)
            self._answered.set()
            path = hf_hub_download(REPOSITORY, FILE, revision=REVISION, token=False)
            self._path = Path(path)
        except Exception:  # whatever a network, a proxy or a full disk can do: there is no file
            pass
        finally:
            self._answered.set()
            self._ended.set()


@cache
def _download() -> _Download:
    return _Download()


def _cached() -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(REPOSITORY, FILE, revision=REVISION)
    return Path(path) if isinstance(path, str) else None
