"""The person detector of YOLO's publisher, Ultralytics, from their own repository on the Hub.

It is a pickle, and unpickling can run code. The file is therefore pinned to the revision in which
the publisher uploaded it, and to the sha256 that the Hub lists for it there.
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
ANSWER_S = 5.0  # timeout for the Hub's first answer
DOWNLOAD_S = 60.0  # timeout for the whole download of 6 MB


def ask() -> None:
    """Starts the download in the background, unless the file is cached; returns at once."""
    if _cached() is None:
        _download()


def fetch() -> Path | None:
    """The path of the file in huggingface_hub's cache; downloaded on first use.

    A cached file needs no network. Otherwise the download is tried once per process; after a
    timeout it is not waited for again.

    Returns:
        None if the Hub does not answer within ANSWER_S of the first call of `ask` or `fetch`, the
        download is not finished within DOWNLOAD_S of it, or the Hub refuses.
    """
    return _cached() or _download().wait()


def check(sha256: str) -> None:
    """Verifies the hash of the downloaded file.

    Raises:
        WeightsError: it is not the hash of the published file.
    """
    if sha256 != SHA256:
        raise WeightsError(
            f"{FILE} from {REPOSITORY} is not the file that was published there: its sha256 is "
            f"{sha256}, not {SHA256}. Delete it from the Hugging Face cache, or set "
            "GAIT_DEMO_OFFLINE=1 to use the project's own detector."
        )


def check_file(path: Path) -> None:
    """Verifies that a file named by the user may be unpickled: only a copy of the publisher's may.

    Raises:
        WeightsError: it is another file, which was read only to compute its hash, never unpickled;
            or its name does not end in .pt.
    """
    found = digest(path)
    if found != SHA256:
        raise WeightsError(
            f"{path} was not opened: weights other than .safetensors are pickles, which can run "
            f"code. Only {FILE} from {REPOSITORY} is trusted, whose sha256 is {SHA256}; this "
            f"file's is {found}. Use that file, or weights that `python -m gait_demo train "
            "detector` wrote."
        )
    if path.suffix.lower() != ".pt":  # ultralytics chooses the file format by the suffix
        raise WeightsError(
            f"{path} is {FILE} from {REPOSITORY}, which can be used only under a name that ends in "
            ".pt: rename it."
        )


class _Download:
    """One attempt to download the file. It starts at once, in a daemon thread, because a name
    look-up that never ends cannot be interrupted."""

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
        except Exception:  # any error of the network, a proxy or the disk: there is no file
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
