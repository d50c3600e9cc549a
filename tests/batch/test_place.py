"""Where results go: a folder, or whatever fsspec knows."""

import subprocess
import sys
import tempfile
import uuid
from importlib.util import find_spec

import fsspec
import pytest
from batches import environment
from fsspec.implementations.memory import MemoryFileSystem

from gait_demo.batch.manifest import Manifest
from gait_demo.batch.place import Place
from gait_demo.errors import BatchError
from gait_demo.options import OUTPUTS


@pytest.fixture(params=["folder", "url"])
def place(request, tmp_path):
    url = str(tmp_path / "out") if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    place = Place(url)
    place.open()
    return place


def test_files_are_written_whole_read_and_listed(place):
    assert place.files() == set() and place.read("none") is None
    place.write("manifest.jsonl", b"old")
    place.write("manifest.jsonl", b"new")
    assert place.read("manifest.jsonl") == b"new"
    with place.filled("more/walk") as folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text("{}")
    assert place.files() == {"manifest.jsonl", "more/walk/report.json"}
    assert place.read("more/walk/report.json") == b"{}"
    assert place.address("more/walk/report.json") == f"{place.url}/more/walk/report.json"


def test_at_a_url_no_file_of_an_earlier_run_stays_beside_new_ones():
    place = Place(f"memory://{uuid.uuid4().hex}")
    for content, names in (("old", OUTPUTS), ("new", ["colorized"])):
        with place.filled("walk") as folder:
            for name in names:
                (folder / f"{name}.mp4").write_text(content)
        place.write("walk/notes.txt", b"the user's")
    assert place.files() == {"walk/colorized.mp4", "walk/notes.txt"}
    assert place.read("walk/colorized.mp4") == b"new"


def test_a_clip_that_fails_sends_nothing(place):
    with pytest.raises(KeyboardInterrupt), place.filled("walk"):
        raise KeyboardInterrupt
    assert place.files() == set()


def test_what_a_killed_worker_was_to_send_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = (
        "import os; from gait_demo.batch.place import Place\n"
        "with Place('memory://killed').filled('walk') as folder:\n"
        "    (folder / 'original.mp4').write_text('a face'); os._exit(9)"
    )
    run = subprocess.run([sys.executable, "-c", killed], env=environment(TMPDIR=str(tmp_path)))
    assert run.returncode == 9 and len(list(tmp_path.rglob("original.mp4"))) == 1
    with Place("memory://next").filled("walk"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_keeps_the_newest_line_and_forgives_one_that_is_cut_off(place):
    lines = [{"name": "a", "frames": 1}, {"name": "b"}, {"name": "a", "frames": 2}]
    manifest = Manifest(place)
    for line in lines:
        manifest.add(line)
    manifest.write()
    place.write("manifest.jsonl", place.read("manifest.jsonl") + b'{"name": "b", "fra')
    again = Manifest(place)
    assert again.get("a") == {"name": "a", "frames": 2} and again.get("b") == {"name": "b"}
    again.forget(["b"])
    assert Manifest(place).get("b") is None and Manifest(place).get("a")["frames"] == 2


def test_a_manifest_that_is_a_folder_gets_a_sentence(tmp_path):
    (tmp_path / "manifest.jsonl").mkdir()
    with pytest.raises(BatchError, match="manifest.jsonl cannot be read"):
        Manifest(Place(str(tmp_path)))


class Locked(MemoryFileSystem):
    """Without credentials, as the libraries of some services tell it: by no OSError."""

    protocol = "locked"

    def _refuse(self, *_, **__):
        raise RuntimeError("Unable to locate\ncredentials")

    makedirs = find = cat_file = pipe_file = _refuse


@pytest.mark.parametrize(
    "use",
    [Place.open, Place.files, lambda at: at.read("a"), lambda at: at.write("a", b""), Manifest],
)
def test_what_a_service_complains_of_is_told_in_a_sentence(use):
    fsspec.register_implementation("locked", Locked, clobber=True)
    with pytest.raises(BatchError) as caught:
        use(Place("locked://x"))
    assert str(caught.value) == (
        "The output locked://x cannot be used: Unable to locate credentials."
    )


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_service_without_its_package_gets_a_sentence():
    with pytest.raises(BatchError, match="s3://bucket/x cannot be used: .*s3fs"):
        Place("s3://bucket/x").open()
