"""The publisher's detector, from a stand-in for the Hub on loopback; each step is a process."""

import json
import socket
from hashlib import sha256

import pytest
from fake_hub import FakeHub, environment, start

from gait_demo.weights import publisher

PICKLE = b"the publisher's own " * 1000
FIND = """
import json, socket, sys, time
from pathlib import Path
from gait_demo import weights
from gait_demo.weights import publisher
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


@pytest.fixture
def hub():
    with FakeHub() as hub:
        hub.add(publisher.REPOSITORY, {publisher.FILE: PICKLE}, publisher.REVISION)
        yield hub


@pytest.fixture
def find(tmp_path):
    """Resolves "yolo" twice in a new process: [source, file or sentence, seconds] each."""
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "yolo.safetensors").write_bytes(b"ours")
    entry = {"sha256": sha256(b"ours").hexdigest()}
    (checkpoints / "manifest.json").write_text(json.dumps({"yolo.safetensors": entry}))

    def find(port: int, before: str = "", published: bytes = PICKLE, **more: str) -> list:
        known = f"publisher.SHA256 = {sha256(published).hexdigest()!r}"
        done = start(
            ["-c", FIND.format(before=f"{known}; {before}"), str(checkpoints)],
            environment(port, tmp_path / "home", **more),
        )
        out, err = done.communicate(timeout=60)
        assert done.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()]

    return find


def test_it_comes_before_ours_is_cached_and_its_hash_is_checked_every_time(hub, find, tmp_path):
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
        assert said == "refused" and "not the file that was published" in sentence
        assert find(port, GAIT_DEMO_OFFLINE="1")[0][:2] == ours


def test_a_file_that_was_not_published_is_not_even_taken_the_first_time(hub, find):
    found = find(hub.server_port, published=b"another file")
    assert [said for said, _, _ in found] == ["refused", "refused"]
    assert publisher.SHA256[:8] not in found[0][1] and sha256(PICKLE).hexdigest() in found[0][1]


@pytest.fixture
def deaf():
    """A port that accepts and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.slow
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
    hub.slowly = True
    first, again = find(hub.server_port, "publisher.DOWNLOAD_S = 2")
    assert first[:2] == again[:2] == ["checkpoints", "yolo.safetensors"]
    assert first[2] < 4 and again[2] < 0.5


def test_a_hub_that_refuses_is_not_waited_for(hub, find):
    first, _ = find(hub.server_port, "publisher.FILE = 'another.pt'")
    assert first[0] == "checkpoints" and first[2] < 4
