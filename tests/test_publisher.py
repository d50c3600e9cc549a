"""The publisher's detector, from a stand-in for the Hub on loopback; each step is a process."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gait_demo import publisher

ROOT = Path(__file__).parents[1]
FILE_URL = f"/{publisher.REPOSITORY}/resolve/{publisher.REVISION}/{publisher.FILE}"
PICKLE = b"the publisher's own " * 1000
FIND = """
import json, socket, sys, time
from pathlib import Path
from gait_demo import publisher, weights
from gait_demo.errors import WeightsError
{before}
for _ in range(2):
    began = time.monotonic()
    try:
        found = weights.find("yolo", folder=Path(sys.argv[1]))
        said = [found.source, found.path.name]
    except WeightsError as error:
        said = ["refused", str(error)]
    print(json.dumps([*said, time.monotonic() - began]))
"""


class Hub(BaseHTTPRequestHandler):
    """Has the one file; `slowly` delivers it for ever."""

    slowly = False

    def do_HEAD(self):
        there = self.path == FILE_URL
        self.send_response(200 if there else 404)
        self.send_header("ETag", '"abc"')
        self.send_header("X-Repo-Commit", publisher.REVISION)
        self.send_header("Content-Length", str(len(PICKLE) if there else 0))
        self.end_headers()
        return there

    def do_GET(self):
        if not self.do_HEAD():
            return
        if not self.slowly:
            self.wfile.write(PICKLE)
        while self.slowly and not self.server.closing.wait(0.2):
            self.wfile.write(b".")

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Hub,), {}))
    server.closing = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def find(tmp_path):
    """Resolves "yolo" twice in a new process: [source, file or sentence, seconds] each."""
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "yolo.safetensors").write_bytes(b"ours")

    def find(port: int, before: str = "", **more: str) -> list:
        passed = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GAIT_DEMO_"))}
        hub = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": f"http://127.0.0.1:{port}"}
        done = subprocess.run(
            [sys.executable, "-c", FIND.format(before=before), str(checkpoints)],
            env=passed | hub | {"NO_PROXY": "*"} | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return find


def test_it_comes_before_ours_is_cached_and_its_hash_is_checked_ever_after(hub, find, tmp_path):
    theirs, ours = [publisher.REPOSITORY, publisher.FILE], ["checkpoints", "yolo.safetensors"]
    assert [found[:2] for found in find(hub.server_port)] == [theirs, theirs]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = nobody.getsockname()[1]
        source, name, spent_s = find(port)[0]
        assert [source, name] == theirs and spent_s < 3
        assert find(port, GAIT_DEMO_OFFLINE="1")[0][:2] == ours
        assert find(port, HF_HUB_OFFLINE="1")[0][:2] == ours

        (cached,) = (tmp_path / "home").rglob(publisher.FILE)
        cached.resolve().write_bytes(b"something else")
        said, sentence, _ = find(port)[0]
        record = tmp_path / "home" / "gait_demo.json"
        assert said == "refused" and f"Delete {record}" in sentence
        record.unlink()
        assert find(port)[0][:2] == theirs


@pytest.fixture
def deaf():
    """A port that accepts and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_hub_that_never_answers_is_waited_for_5_s_and_once(find, deaf):
    first, again = find(deaf)
    assert first[:2] == again[:2] == ["checkpoints", "yolo.safetensors"]
    assert 4 < first[2] < 8 and again[2] < 0.5


def test_nor_is_a_name_that_never_resolves(find, deaf):
    never = "publisher.ANSWER_S = 1; socket.getaddrinfo = lambda *_, **__: time.sleep(99)"
    first, again = find(deaf, never)
    assert first[0] == again[0] == "checkpoints"
    assert first[2] < 4 and again[2] < 0.5


def test_who_asks_ahead_never_waits_for_the_asking_and_less_afterwards(find, deaf):
    before = "publisher.ANSWER_S = 3; t = time.monotonic(); weights.ask_ahead(); "
    first, _ = find(deaf, before + "assert time.monotonic() - t < 2; time.sleep(3)")
    assert first[0] == "checkpoints" and first[2] < 1


def test_a_download_that_trickles_is_given_up(hub, find):
    hub.RequestHandlerClass.slowly = True
    first, again = find(hub.server_port, "publisher.DOWNLOAD_S = 2")
    assert first[:2] == again[:2] == ["checkpoints", "yolo.safetensors"]
    assert first[2] < 4 and again[2] < 0.5


def test_a_hub_that_refuses_is_not_waited_for(hub, find):
    first, _ = find(hub.server_port, "publisher.FILE = 'another.pt'")
    assert first[0] == "checkpoints" and first[2] < 4
