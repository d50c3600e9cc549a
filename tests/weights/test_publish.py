"""What is uploaded, to a stand-in for the Hub on loopback."""

import errno
import hashlib
import json
import os
import random
import shutil
from functools import partial
from pathlib import Path

import pytest
from fake_hub import TOKEN, FakeHub, environment, start
from fake_index import MEMBERS, entries

from gait_demo.__main__ import main
from gait_demo.errors import WeightsError
from gait_demo.weights import publishing

ROOT = Path(__file__).resolve().parents[2]
NOISE = random.Random(0).randbytes(200_000)  # nothing compresses it
TABLE = "24 people tested.\n\n| method | success |\n| --- | --- |\n| ours | 0.123 |\n"


@pytest.fixture
def project(tmp_path):
    """A copy of the program with small weights, to publish from."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "gait_demo", root / "gait_demo")
    for name in ("app.py", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    for folder in ("checkpoints", "assets", "tests"):
        (root / folder).mkdir()
    (root / "assets" / "street.mp4").write_bytes(NOISE[:50_000])
    (root / "tests" / "test_it.py").write_text("")
    (root / "checkpoints" / "anet.safetensors").write_bytes(NOISE)
    entry = {
        "sha256": hashlib.sha256(NOISE).hexdigest(),
        "network": "anet",
        "command": "python -m gait_demo train anet --steps 7",
        "data": {"command": "python -m gait_demo synthesize walks --walks 3"},
        "steps": 7,
        "date": "2026-11-24T00:00:00+00:00",
        "scores": {"step": 7, "alike": 0.876},
    }
    (root / "checkpoints" / "manifest.json").write_text(json.dumps({"anet.safetensors": entry}))
    return root


@pytest.fixture
def run(project, tmp_path):
    """Runs `publish` in the project; returns exit status, output and errors."""

    def run(hub: FakeHub, *arguments: str, **env: str) -> tuple[int, str, str]:
        env = environment(hub.server_port, tmp_path / "home", **{"HF_TOKEN": TOKEN} | env)
        process = start(["-m", "gait_demo", "publish", *arguments], env, folder=project)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return run


@pytest.mark.parametrize("disable_xet", ["1", "0"], ids=["LFS", "Xet"])
def test_weights_go_up_with_a_card_and_come_down_again(project, run, tmp_path, disable_xet):
    with FakeHub() as hub:
        status, out, err = run(hub, "--repo", "some/gait", HF_HUB_DISABLE_XET=disable_xet)
        assert status == 0, err
        there = hub.repositories["models", "some/gait"]
        assert there.files.keys() == {".gitattributes", "README.md", "LICENSE", "anet.safetensors"}
        assert there.files["anet.safetensors"] == NOISE
        assert any("/cas/v1/xorbs/" in path for _, path, _ in hub.asked) == (disable_xet == "0")
        manifest = json.loads((project / "checkpoints" / "manifest.json").read_text())
        assert manifest["anet.safetensors"]["hub"] == f"some/gait@{there.main}"
        assert there.main in out

        (project / "checkpoints" / "anet.safetensors").unlink()
        code = "from gait_demo.weights import find; print(find('anet').path.read_bytes()[:9].hex())"
        env = environment(hub.server_port, tmp_path / "home")
        found = start(["-c", code], env, folder=project).communicate(timeout=60)
        assert found[0].strip() == NOISE[:9].hex(), found[1]


def test_files_of_a_released_package_stay_out(project, run):
    path = project / "checkpoints" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries()))
    with FakeHub() as hub:
        status, _, err = run(hub, "--repo", "some/gait")
        assert status == 0, err
        files = hub.repositories["models", "some/gait"].files
    assert not files.keys() & MEMBERS.keys()
    manifest = json.loads(path.read_text())
    assert {name for name, entry in manifest.items() if "hub" in entry} == {"anet.safetensors"}


def test_the_space_is_exactly_what_it_needs(project, run):
    with FakeHub() as hub:
        status, _, err = run(hub, "--repo", "some/gait", "--space", "some/demo")
        assert status == 0, err
        space = hub.repositories["spaces", "some/demo"]
        tops = {path.split("/")[0] for path in space.files}
        assert tops == {
            ".gitattributes", "app.py", "requirements.txt", "README.md", "LICENSE", "gait_demo",
            "checkpoints", "assets",
        }  # fmt: skip
        assert not any("__pycache__" in path for path in space.files)
        for path in ("app.py", "gait_demo/ui/theme.py", "assets/street.mp4"):
            assert space.files[path] == (project / path).read_bytes()
        assert b"some/gait@" in space.files["checkpoints/manifest.json"]
        front = space.files["README.md"].decode().split("---")[1]
        assert "- some/gait\n" in front and "- Ultralytics/YOLO11\n" in front

        (project / "assets" / "street.mp4").rename(project / "assets" / "room.mp4")
        assert run(hub, "--repo", "some/gait", "--space", "some/demo")[0] == 0
        clips = {path for path in space.files if path.endswith(".mp4")}
        assert clips == {"assets/room.mp4"}


def test_a_dry_run_asks_nobody(project, run):
    with FakeHub() as hub:
        status, out, _ = run(hub, "--repo", "some/gait", "--space", "--dry-run")
        assert status == 0 and not [path for _, path, _ in hub.asked if "some" in path]
    assert "200,000  anet.safetensors" in out and "space some/gait" in out
    assert "train anet --steps 7" in out and "| 0.876 |" in out and "misuse" in out
    manifest = (project / "checkpoints" / "manifest.json").read_text()
    assert "hub" not in json.loads(manifest)["anet.safetensors"]


def test_the_card_takes_its_evaluation_from_a_file(tmp_path, capsys):
    results = tmp_path / "results.md"
    command = ["publish", "--repo", "some/gait", "--dry-run", "--results", str(results)]
    assert main(command) == 2 and "cannot be used" in capsys.readouterr().err
    results.write_text("nothing yet")
    assert main(command) == 2 and "no table" in capsys.readouterr().err
    results.write_text(TABLE)
    assert main(command) == 0 and TABLE in capsys.readouterr().out


@pytest.mark.parametrize(
    ("env", "statuses", "said"),
    [
        ({"HF_TOKEN": "another"}, {}, "Invalid username or password"),
        ({}, {"validate-yaml": [400]}, "status 400"),
        ({}, {"/commit/": [500]}, "status 500"),
    ],
)
def test_a_refusal_is_said_and_nothing_is_noted(project, run, env, statuses, said):
    with FakeHub() as hub:
        hub.statuses.update(statuses)
        status, _, err = run(hub, "--repo", "some/gait", **env)
    assert status == 2 and said in err and "Traceback" not in err
    manifest = (project / "checkpoints" / "manifest.json").read_text()
    assert "hub" not in json.loads(manifest)["anet.safetensors"]


def test_a_manifest_that_cannot_be_written_does_not_hide_the_commit(project, monkeypatch, capsys):
    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source, None, target)

    manifest = project / "checkpoints" / "manifest.json"
    before = manifest.read_bytes()
    monkeypatch.setattr(os, "replace", full)
    record = partial(publishing.record, folder=manifest.parent)
    monkeypatch.setattr(publishing, "record", record)
    monkeypatch.setattr(publishing, "upload", lambda upload: "0a1b2c")
    assert main(["publish", "--repo", "some/gait"]) == 2
    out, err = capsys.readouterr()
    assert "Published as some/gait@0a1b2c." in out
    assert "manifest.json cannot be used: No space left on device." in err
    assert manifest.read_bytes() == before and len(list(manifest.parent.iterdir())) == 2


def test_weights_that_are_not_those_of_the_manifest_are_not_published(project):
    checkpoints = project / "checkpoints"
    (checkpoints / "anet.safetensors").write_bytes(b"other")
    with pytest.raises(WeightsError, match=hashlib.sha256(b"other").hexdigest()):
        publishing.weights("some/gait", folder=checkpoints)
    (checkpoints / "manifest.json").unlink()
    with pytest.raises(WeightsError, match="lists no weights"):
        publishing.weights("some/gait", folder=checkpoints)


def test_a_name_without_an_owner_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["publish", "--repo", "gait", "--dry-run"])
    assert "expected OWNER/NAME" in capsys.readouterr().err
