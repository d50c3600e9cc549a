"""A stand-in for the Python package index on loopback, with one wheel of one release."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PACKAGE, VERSION = "mediapipe", "0.10.21"
WHEEL = f"{PACKAGE}-{VERSION}-cp311-cp311-manylinux_2_28_x86_64.whl"
MEMBERS = {
    "pose_detection.tflite": b"detection " * 1000,
    "pose_landmark_full.tflite": b"landmarks " * 2000,
}


def member(file: str) -> str:
    """Path of a file in the wheel."""
    return f"{PACKAGE}/modules/{file}"


def wheel(files: dict[str, bytes] | None = None) -> bytes:
    """A wheel as pip takes it, with the content of files by path; None: MEMBERS."""
    if files is None:
        files = {member(file): content for file, content in MEMBERS.items()}
    info = f"{PACKAGE}-{VERSION}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n".encode()
    tag = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
    files = files | {f"{info}/METADATA": meta, f"{info}/WHEEL": tag}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in files))
    return packed.getvalue()


def encrypted(archive: bytes, path: str) -> bytes:
    """A zip file in which the file `path` is marked as encrypted."""
    marked = bytearray(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        local = files.getinfo(path).header_offset
        central = archive.index(path.encode(), files.start_dir) - 46  # its header's fixed part
    marked[local + 6] |= 1
    marked[central + 8] |= 1
    return bytes(marked)


def entries(members: dict[str, bytes] = MEMBERS) -> dict[str, dict]:
    """What the manifest says of the files in the wheel."""
    return {
        file: {
            "sha256": hashlib.sha256(content).hexdigest(),
            "network": file.removesuffix(".tflite").removesuffix("_full"),
            "origin": f"{PACKAGE} {VERSION} on the Python package index",
            "release": {
                "requirement": f"{PACKAGE}=={VERSION}",
                "bytes": 36_000_000,
                "member": member(file),
            },
            "licence": "Apache-2.0",
        }
        for file, content in members.items()
    }


class FakeIndex(ThreadingHTTPServer):
    """
    Attributes:
        wheel: what is delivered.
        releases: names of the files that the index lists.
        statuses: answers, by the beginning of a path.
        cut_after: bytes after which a delivery breaks off; None: it does not.
        gate: a delivery waits until it is set.
        asked: every path.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wheel = wheel()
        self.releases: Iterable[str] = (WHEEL,)
        self.statuses: dict[str, int] = {}
        self.cut_after: int | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # clients that are killed are part of the tests

    @property
    def deliveries(self) -> int:
        """How often the wheel was asked for."""
        return sum(path.startswith("/files/") for path in self.asked)

    def pip(self) -> dict[str, str]:
        """Environment of a process whose pip knows this index and no other."""
        url = f"http://127.0.0.1:{self.server_port}/simple"
        return {"PIP_INDEX_URL": url, "PIP_NO_INDEX": "0", "PIP_NO_CACHE_DIR": "1"}


class _Handler(BaseHTTPRequestHandler):
    server: FakeIndex

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        for beginning, status in self.server.statuses.items():
            if self.path.startswith(beginning):
                return self.send_error(status)
        if self.path == f"/simple/{PACKAGE}/":
            links = (f'<a href="/files/{name}">{name}</a>' for name in self.server.releases)
            self._send(f"<!DOCTYPE html><html><body>{' '.join(links)}</body></html>".encode())
        elif self.path == f"/files/{WHEEL}":
            self.server.gate.wait()
            self._send(self.server.wheel, self.server.cut_after)
        else:
            self.send_error(404)

    def _send(self, body: bytes, cut_after: int | None = None) -> None:
        self.send_response(200)
        is_page = body.startswith(b"<!DOCTYPE")
        self.send_header("Content-Type", "text/html" if is_page else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut_after])
