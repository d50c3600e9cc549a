"""The app as programs meet it, and what one visitor can learn of another."""

import json
import re
import time
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from served import ROOT, serve
from walker import crossing

from gait_demo.video import probe

pytestmark = pytest.mark.slow

SECRET = "Anna at the station"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Its name must never be seen anywhere."""
    return crossing(tmp_path_factory.mktemp("clip") / f"{SECRET}.mp4", 40)


def client(app, folder: Path) -> Client:
    patient = {"timeout": 120}  # where the machine is busy otherwise, too
    return Client(app.url, verbose=False, download_files=folder, httpx_kwargs=patient)


def upload(app, path: Path) -> str:
    """Where the server puts a file, as a page is told it."""
    with path.open("rb") as file:
        answer = httpx.post(
            f"{app.url}/gradio_api/upload", files={"files": (path.name, file)}, timeout=60
        )
    return answer.json()[0]


def call(app, path: str) -> str:
    """What the endpoint answers to a client that names any path it likes."""
    video = {"path": path, "meta": {"_type": "gradio.FileData"}}
    url = f"{app.url}/gradio_api/call/anonymize"
    event = httpx.post(
        url, json={"data": [video, 0, 0, 0, 0, 1, "sharp", "anet", ""]}, timeout=60
    ).json()["event_id"]
    return httpx.get(f"{url}/{event}", timeout=120).text


def fetch(app, path: str) -> int:
    return httpx.get(f"{app.url}/gradio_api/file={path}").status_code


def until(condition, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def test_the_example_of_the_readme_runs(app, clip, tmp_path, monkeypatch):
    (example,) = re.findall(
        r"```python\n(.*?gradio_client.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert "http://127.0.0.1:7860" in example and '"walk.mp4"' in example
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.mp4").write_bytes(clip.read_bytes())
    names = {}
    exec(example.replace("http://127.0.0.1:7860", app.url), names)
    info = probe(clip)
    for video in ("original", "binary", "colorized", "comparison"):
        assert probe(names[video]).duration_s == pytest.approx(info.duration_s, abs=0.05)
    assert (names["report"]["seed"], names["report"]["people"]) == (7, 1)
    names["client"].close()


def test_a_seed_comes_back_to_its_visitor_and_is_another_gait_for_anybody_else(app, clip, tmp_path):
    def silhouettes(visitor, seed):
        return Path(visitor.predict(handle_file(clip), seed, api_name="/anonymize")[1]).read_bytes()

    anna, bob = client(app, tmp_path / "a"), client(app, tmp_path / "b")
    first = silhouettes(anna, 3)
    assert silhouettes(anna, 4) != first and silhouettes(anna, 3) == first
    assert silhouettes(bob, 3) != first


def test_a_person_of_a_part_is_chosen_by_the_numbers_of_that_part(app, clip, tmp_path):
    visitor = client(app, tmp_path)

    def report(**arguments):
        return visitor.predict(handle_file(clip), api_name="/anonymize", **arguments)[-1]

    with pytest.raises(AppError, match="numbered differently in this part"):
        report(end=1, person=1)
    settings = {"seed": 5, "strength": 0.6, "colour": "plain", "anonymizer": "stgan"}
    made = report(end=1, **settings)
    assert {name: made[name] for name in settings} == settings
    numbers = made["numbers"]
    assert report(end=1, person=1, numbers=numbers)["tracks"][0]["person"] == 1
    with pytest.raises(AppError, match="numbered differently in this part"):
        report(end=1.2, person=1, numbers=numbers)
    visitor.close()


def test_what_was_uploaded_and_made_is_gone_with_its_visitor(app, clip, tmp_path):
    before = set(app.files())  # uploads that were broken off stay for an hour
    visitor = client(app, tmp_path)
    visitor.predict(handle_file(clip), api_name="/anonymize")
    kept = {path.name for path in set(app.files()) - before}
    assert {"original.mp4", "binary.mp4", "colorized.mp4"} <= kept and clip.name not in kept
    visitor.close()
    assert until(lambda: not set(app.files()) - before), app.files()


def test_nobody_reads_what_another_visitor_brought(app, clip, tmp_path):
    anna, mallory = client(app, tmp_path / "a"), client(app, tmp_path / "m")
    before = set(app.files())
    anna.predict(handle_file(clip), api_name="/anonymize")
    hers = set(app.files()) - before
    assert hers
    for path in hers:  # even if it could be guessed
        assert "no longer here" in call(app, str(path))
    tried = [app.folder, *{path.parent for path in hers}, *{p.parents[1] for p in hers}]
    assert all(fetch(app, str(folder)) == 403 for folder in tried)
    numbers = [part for path in hers for part in path.relative_to(app.folder).parts[3:5]]
    assert all(re.search(r"[0-9a-f]{32}", number) for number in numbers)
    told = json.dumps([mallory.view_api(return_format="dict"), mallory.config])
    told += httpx.get(f"{app.url}/config").text
    assert not any(number in told for number in numbers)
    assert httpx.get(f"{app.url}/monitoring").status_code in (401, 403, 404, 307)
    anna.close()
    mallory.close()


def test_the_same_file_of_two_visitors_has_two_places(app, clip):
    first, second = upload(app, clip), upload(app, clip)
    assert Path(first).parent != Path(second).parent


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        str(ROOT / "README.md"),
        "../../../../etc/hostname",
        "{upload}/../../../../../../etc/hostname",
        "file:///etc/hostname",
        "http://walks.example/walk.mp4",
    ],
)
def test_no_path_leads_out(app, clip, path):
    path = path.format(upload=Path(upload(app, clip)).parent)
    assert "event: error" in call(app, path)
    assert fetch(app, path) in (400, 403, 404)


def test_a_name_that_climbs_stays_where_it_belongs(app):
    files = {"files": ("../../../climbed.mp4", b"x")}
    (path,) = httpx.post(f"{app.url}/gradio_api/upload", files=files).json()
    assert app.folder in Path(path).parents
    assert not list(ROOT.glob("climbed.mp4"))


def test_bad_calls_get_a_sentence_and_leave_nothing(app, clip, tmp_path):
    before = set(app.files())  # of calls that name no session
    visitor = client(app, tmp_path)
    (tmp_path / "b.mp4").write_text("no video")
    with pytest.raises(AppError, match="This file is not a video that can be read"):
        visitor.predict(handle_file(tmp_path / "b.mp4"), api_name="/anonymize")
    with pytest.raises(AppError, match="There is no person 5"):
        visitor.predict(handle_file(clip), person=5, api_name="/anonymize")
    with pytest.raises(AppError, match="end: expected at least"):
        visitor.predict(handle_file(clip), start=2, end=1, api_name="/anonymize")
    with pytest.raises(AppError, match="anonymizer: Input should be 'anet' or 'stgan'"):
        visitor.predict(handle_file(clip), anonymizer="none", api_name="/anonymize")
    visitor.close()
    assert until(lambda: not any("sessions" in path.parts for path in set(app.files()) - before))


def test_the_log_tells_nothing_of_visitors(app, clip):
    """After all that the tests above did."""
    call(app, f"/tmp/{SECRET}.mp4")  # Gradio would print a traceback with it
    said = app.log.read_text()
    assert "unexpected: InvalidPathError" in said  # the operator learns that there was something
    assert "Traceback" not in said
    assert not any(word in said for word in (SECRET, "hostname", "sessions/", "walk.mp4"))


def test_a_server_that_is_ended_leaves_nothing(clip, tmp_path):
    with serve(tmp_path) as app:
        upload(app, clip)
        assert app.files()
    assert not app.files()
    assert not list(app.folder.glob(".gait-demo-*"))


def test_a_number_of_workers_that_is_none_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="GAIT_DEMO_WORKERS, the runs at once, must be"):
        with serve(tmp_path, GAIT_DEMO_WORKERS="none"):
            pass
