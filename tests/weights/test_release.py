"""Weights out of a released package; the package index is a stand-in on loopback, and every step a
process."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_hub import ROOT, FakeHub, environment, start
from fake_index import MEMBERS, VERSION, FakeIndex, encrypted, entries, member, wheel

from gait_demo.weights import PERSON, RELEASED, manifest

FIND = """
import json, logging, sys, time
from pathlib import Path
from gait_demo import weights
from gait_demo.errors import WeightsError
logging.basicConfig(format="%(message)s", level=logging.INFO)
folder, names = Path(sys.argv[1]), sys.argv[2:]
for name in names:
    began = time.monotonic()
    try:
        found = weights.find(name, folder=folder)
        said = [found.sha256, found.source, str(found.path)]
    except WeightsError as error:
        said = ["refused", str(error), ""]
    print(json.dumps([*said, time.monotonic() - began]), flush=True)
"""
RETRY = """
import sys, time
from pathlib import Path
from gait_demo import weights
from gait_demo.errors import WeightsError
from gait_demo.weights import release
release.RETRY_AFTER_S = 0.5
until = time.monotonic() + 30
while time.monotonic() < until:
    try:
        print(weights.find("pose_landmark", folder=Path(sys.argv[1])).sha256)
        break
    except WeightsError as error:
        print(error, flush=True)
    time.sleep(0.2)
"""
AHEAD = """
import json, sys, time
from pathlib import Path
from gait_demo import weights
from gait_demo.errors import WeightsError
folder, name = Path(sys.argv[1]), "pose_landmark"
state = lambda: weights.state(name, folder=folder).value
states = [state()]
began = time.monotonic()
weights.ask_ahead(*weights.PERSON, folder=folder)
spent_s = time.monotonic() - began
states.append(state())
print("asked", flush=True)
sys.stdin.readline()
try:
    weights.find(name, folder=folder)
except WeightsError:
    pass
states.append(state())
print(json.dumps([spent_s, states]))
"""
SHA256 = {file: hashlib.sha256(content).hexdigest() for file, content in MEMBERS.items()}
RELEASE = f"mediapipe=={VERSION}"


@pytest.fixture
def index():
    with FakeIndex() as index:
        yield index


@pytest.fixture
def folder(tmp_path):
    """Checkpoints without files, whose manifest lists those of the release."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(entries()))
    return folder


@pytest.fixture
def env(index, tmp_path):
    """Of a process that has the index and no Hub."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        port = closed.getsockname()[1]
        yield environment(port, tmp_path / "home", **index.pip())


@pytest.fixture
def cache(env):
    return Path(env["GAIT_DEMO_CACHE"]) / "weights"


@pytest.fixture
def find(env, folder):
    """Resolves names in a new process: [sha256, source, path, seconds] or ["refused", sentence, "",
    seconds] each, and what it wrote on standard error."""

    def find(*names: str, **more: str) -> tuple[list, str]:
        process = start(["-c", FIND, str(folder), *(names or ("pose_landmark",))], env | more)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()], err

    return find


def refused(found: list) -> str:
    """The sentence of the only refusal."""
    ((said, sentence, *_),) = found
    assert said == "refused", found
    return sentence


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_release_is_fetched_once_and_cached(index, find, cache):
    found, err = find(*PERSON)
    assert [one[:2] for one in found] == [[sha256, RELEASE] for sha256 in SHA256.values()]
    assert index.deliveries == 1
    assert f"Fetching weights: mediapipe {VERSION} from the package index, 36 MB" in err
    for (_, _, path, _), content in zip(found, MEMBERS.values(), strict=True):
        assert Path(path).read_bytes() == content and cache in Path(path).parents

    asked = list(index.asked)
    for offline in ({}, {"GAIT_DEMO_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "1"}):
        assert [one[:3] for one in find(*PERSON, **offline)[0]] == [one[:3] for one in found]
    assert index.asked == asked


def test_wrong_hash_is_refused_and_never_cached(index, find, cache):
    good = MEMBERS["pose_detection.tflite"]
    index.wheel = wheel(
        {member("pose_detection.tflite"): good, member("pose_landmark_full.tflite"): b"another"}
    )
    sentence = refused(find()[0])
    assert hashlib.sha256(b"another").hexdigest() in sentence
    assert SHA256["pose_landmark_full.tflite"] in sentence
    assert not files(cache) & MEMBERS.keys()
    index.wheel = wheel()
    assert find()[0][0][0] == SHA256["pose_landmark_full.tflite"]


def test_wheel_without_the_member_is_refused(index, find):
    index.wheel = wheel({member("pose_landmark_full.tflite"): b"alone"})
    assert 'the wheel is damaged ("There is no item named' in refused(find()[0])


def test_encrypted_wheel_is_refused(index, find):
    index.wheel = encrypted(wheel(), member("pose_landmark_full.tflite"))
    sentence = refused(find()[0])
    assert "the wheel is damaged" in sentence and "encrypted" in sentence


def test_delivery_that_is_cut_off_is_refused_and_repeated_by_the_next_process(index, find, cache):
    index.cut_after = len(index.wheel) // 2
    assert "not from the package index" in refused(find()[0])
    assert not files(cache) & MEMBERS.keys()
    index.cut_after = None
    assert find()[0][0][0] == SHA256["pose_landmark_full.tflite"]


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("statuses", {"/simple/": 404}, "Could not find a version"),
        ("statuses", {"/files/": 404}, "HTTP error 404"),
        ("releases", ("mediapipe-0.10.35-py3-none-any.whl",), "from versions: 0.10.35"),
    ],
    ids=["no such package", "no such file", "another release"],
)
def test_what_the_index_lacks_is_said_with_file_origin_and_folder(
    index, find, folder, attribute, value, said
):
    setattr(index, attribute, value)
    sentence = refused(find()[0])
    assert sentence.startswith(
        "There are no weights pose_landmark_full.tflite (from mediapipe 0.10.21 on the Python "
        "package index): "
    )
    assert said in sentence and f"put the file into {folder}" in sentence
    assert "\n" not in sentence


def test_no_index_is_said_and_asked_once(index, find):
    index.shutdown()
    index.server_close()
    first, again = find("pose_landmark", "pose_detection")[0]
    assert first[0] == again[0] == "refused" and "it does not answer" in first[1]
    assert "it does not answer" in again[1] and again[3] < 0.3


def test_a_failure_is_remembered_for_a_while_only(index, env, folder):
    index.statuses = {"/simple/": 404}
    process = start(["-c", RETRY, str(folder)], env)
    assert "Could not find a version" in process.stdout.readline()
    index.statuses = {}
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1] == SHA256["pose_landmark_full.tflite"], err


@pytest.mark.parametrize("flag", ["GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_the_index_is_not_asked(index, find, flag):
    assert "offline the package index is not asked" in refused(find(**{flag: "1"})[0])
    assert not index.asked


def test_file_put_into_the_checkpoints_by_hand_comes_first(index, find, folder):
    content = MEMBERS["pose_landmark_full.tflite"]
    (folder / "pose_landmark_full.tflite").write_bytes(content)
    assert find()[0][0][1] == "checkpoints" and not index.asked
    (folder / "pose_landmark_full.tflite").write_bytes(content[:-1])
    assert "is damaged or was replaced" in refused(find()[0])


def test_hub_comes_before_the_index_which_has_what_the_hub_lacks(index, find):
    with FakeHub() as hub:
        hub.add("some/gait", {"pose_landmark_full.tflite": MEMBERS["pose_landmark_full.tflite"]})
        more = {
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "GAIT_DEMO_HUB_REPO": "some/gait",
        }
        assert find("pose_landmark", **more)[0][0][1] == "some/gait" and not index.asked
        assert find("pose_detection", **more)[0][0][1] == RELEASE


def test_two_processes_at_once_fetch_once(index, env, folder):
    index.gate.clear()
    both = [
        start(["-c", FIND, str(folder), "pose_landmark"], env, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    wait_until(lambda: index.deliveries)
    time.sleep(2)  # in which the second comes as far as the first
    index.gate.set()
    found = {json.loads(one.communicate(timeout=60)[0])[0] for one in both}
    assert found == {SHA256["pose_landmark_full.tflite"]} and index.deliveries == 1


def test_killed_process_leaves_nothing_that_stops_the_next_or_stays(
    index, env, folder, find, cache, tmp_path
):
    index.gate.clear()
    (tmp_path / "tmp").mkdir()
    env["TMPDIR"] = str(tmp_path / "tmp")
    process = start(["-c", FIND, str(folder), "pose_landmark"], env, stderr=subprocess.DEVNULL)
    wait_until(lambda: index.deliveries)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(cache.rglob(".download"))
    index.gate.set()
    assert find()[0][0][0] == SHA256["pose_landmark_full.tflite"]
    assert not list(cache.rglob(".download")) and not list((tmp_path / "tmp").iterdir())


def test_damaged_cached_file_is_fetched_anew(index, find):
    path = Path(find()[0][0][2])
    content = path.read_bytes()
    path.write_bytes(content[:100])
    assert "not in the cache" in refused(find(GAIT_DEMO_OFFLINE="1")[0])
    assert find()[0][0][2] == str(path) and path.read_bytes() == content
    assert index.deliveries == 2


def test_cache_that_cannot_be_written_is_said(find, tmp_path):
    (tmp_path / "file").write_text("where a folder should be")
    sentence = refused(find(GAIT_DEMO_CACHE=str(tmp_path / "file" / "cache"))[0])
    assert "cannot be written" in sentence and "set GAIT_DEMO_CACHE to a folder" in sentence


@pytest.mark.parametrize(("delivered", "last"), [(wheel(), "ready"), (b"no wheel", "absent")])
def test_ask_ahead_returns_at_once_and_the_state_follows(index, env, folder, delivered, last):
    index.wheel = delivered
    index.gate.clear()
    process = subprocess.Popen(
        [sys.executable, "-c", AHEAD, str(folder)],
        env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "asked\n"
    wait_until(lambda: index.deliveries)
    index.gate.set()
    out, _ = process.communicate("go on\n", timeout=60)
    spent_s, states = json.loads(out)
    assert index.deliveries == 1 and spent_s < 0.5 and states == ["absent", "fetching", last]


def test_process_that_ends_does_not_wait_for_the_index(index, env, folder):
    index.gate.clear()
    code = "import sys; from pathlib import Path; from gait_demo import weights\n"
    code += "weights.ask_ahead('pose_landmark', folder=Path(sys.argv[1])); sys.stdin.readline()"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.PIPE) as process:
        wait_until(lambda: index.deliveries)
        process.communicate(b"\n", timeout=10)
    assert process.returncode == 0


def test_pinned_release_holds_what_the_manifest_lists(tmp_path):
    """From the package index that pip is configured for; the only test that leaves the machine."""
    env = os.environ | {"GAIT_DEMO_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    env |= {"GAIT_DEMO_OFFLINE": "0", "GAIT_DEMO_HUB_REPO": ""}
    checkpoints = ROOT / "checkpoints"
    process = start(["-c", FIND, str(checkpoints), *RELEASED], env)
    out, err = process.communicate(timeout=280)
    found = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0, err
    if any("it does not answer" in one[1] for one in found):
        pytest.skip("no package index answers: the pinned release was not fetched")
    listed = [entry["sha256"] for entry in manifest().values() if "release" in entry]
    assert [one[0] for one in found] == listed
