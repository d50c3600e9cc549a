"""Which requests the app answers, and how many of whom."""

import asyncio
import json
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest
from gradio.routes import App
from served import ROOT
from starlette.middleware import Middleware
from walker import crossing

from gait_demo.ui import request_filter
from gait_demo.ui.request_filter import MOST_UPLOAD_BYTES, RequestFilter, is_allowed
from gait_demo.ui.waiting_line import MOST_OF_SESSION

pytestmark = pytest.mark.slow

API = "/gradio_api"
EXAMPLE = ROOT / "assets" / "street_090.mp4"
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="w.mp4"\r\n\r\n'
VALUES = {
    "url_path:path": "http://walks.example/a",
    "path_or_url:path": "/etc/hostname",
    "path:path": "index.js",
}
NEEDED = {
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/config/"), ("GET", "/theme.css"),
    ("GET", "/favicon.ico"), ("GET", "/manifest.json"), ("GET", "/pwa_icon"),
    ("GET", "/robots.txt"), ("GET", "/assets/{path:path}"), ("GET", "/static/{path:path}"),
    ("GET", "/svelte/{path:path}"), ("GET", "/gradio_api/theme.css"), ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/info/"), ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/app_id"), ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/file={path_or_url:path}"), ("HEAD", "/gradio_api/file={path_or_url:path}"),
    ("GET", "/gradio_api/heartbeat/{session_hash}"), ("GET", "/gradio_api/upload_progress"),
    ("GET", "/gradio_api/queue/data"), ("GET", "/gradio_api/call/{api_name}/{event_id}"),
    ("GET", "/gradio_api/call/v2/{api_name}/{event_id}"), ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/call/{api_name}"), ("POST", "/gradio_api/call/v2/{api_name}"),
    ("POST", "/gradio_api/run/{api_name}"),
    ("POST", "/gradio_api/cancel"), ("POST", "/gradio_api/reset"), ("POST", "/gradio_api/upload"),
}  # fmt: skip


def routes_of(app) -> set[tuple[str, str]]:
    """All methods and paths that Gradio answers."""
    found = set()
    for route in app.routes:
        router = getattr(route, "original_router", None)
        if router is not None:
            found |= routes_of(router)
        elif getattr(route, "methods", None):
            found |= {(method, route.path) for method in route.methods}
    return found


def filled(path: str) -> str:
    for part in path.split("{")[1:]:
        name = part.split("}")[0]
        path = path.replace("{" + name + "}", VALUES.get(name, "a1"))
    return path


def test_of_all_routes_of_gradio_only_those_that_are_needed_are_open():
    with gr.Blocks() as demo:
        gr.Markdown()
    routes = routes_of(App.create_app(demo))
    assert ("POST", f"{API}/process_recording") in routes and len(routes) > 60
    assert {(m, path) for m, path in routes if is_allowed(m, filled(path))} == NEEDED


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", f"{API}/file=http://walks.example/a.mp4"),
        ("HEAD", f"{API}/file=https://walks.example/a.mp4"),
        ("GET", f"{API}/file=ftp://walks.example/a.mp4"),
        ("GET", "/file=http://walks.example/a.mp4"),
        ("GET", "/file=/etc/hostname"),
        ("GET", f"{API}/file/etc/hostname"),
        ("GET", f"{API}/proxy=https://walks.example/"),
        ("GET", f"{API}/dev/reload"),
        ("GET", f"{API}/deep_link?session_hash=a"),
        ("GET", f"{API}/vibe-code"),
        ("POST", f"{API}/vibe-edit"),
        ("POST", f"{API}/vibe-starter-queries"),
        ("POST", f"{API}/run-history/connect"),
        ("GET", f"{API}/runs"),
        ("GET", f"{API}/custom_component/a/client/component/index.js"),
        ("GET", f"{API}/stream/a/b/1/playlist.m3u8"),
        ("POST", f"{API}/stream/a"),
        ("POST", f"{API}/api/anonymize"),
        ("POST", f"{API}/component_server"),
        ("GET", "/monitoring"),
        ("GET", "/monitoring/summary"),
        ("GET", "/openapi.json"),
        ("POST", "/login"),
        ("GET", "/logout"),
        ("PUT", "/"),
        ("DELETE", f"{API}/upload"),
        ("GET", f"{API}/%66ile=http%3A//walks.example/a.mp4"),
        ("GET", f"{API}/file=%68ttp://walks.example/a.mp4"),
    ],
)
def test_what_is_closed_says_nothing(app, method, path):
    answer = httpx.request(method, app.url + path, timeout=60)
    assert (answer.status_code, len(answer.content)) == (404, 0 if method == "HEAD" else 35)


def test_a_recording_is_not_converted(app, tmp_path):
    """A playlist would be followed by ffmpeg to files of the server."""
    secret = crossing(tmp_path / "secret.mp4", 5)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"
    files = {"video": ("v.mp4", playlist.encode())}
    answer = httpx.post(f"{app.url}{API}/process_recording", files=files, timeout=60)
    assert answer.status_code == 404


@pytest.mark.parametrize("method, path", [
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/theme.css"),
    ("GET", "/favicon.ico"), ("GET", "/manifest.json"), ("GET", "/robots.txt"),
    ("GET", f"{API}/info"), ("GET", f"{API}/openapi.json"), ("GET", f"{API}/startup-events"),
    ("GET", f"{API}/file={EXAMPLE}"), ("HEAD", f"{API}/file={EXAMPLE}"),
])  # fmt: skip
def test_what_the_page_needs_is_answered(app, method, path):
    assert httpx.request(method, app.url + path, timeout=60).status_code == 200


def test_an_address_is_never_fetched(app):
    for name in ("path", "url"):
        address = "http://walks.example/walk.mp4"
        video = {"path": address, name: address, "meta": {"_type": "gradio.FileData"}}
        answer = result_of(app, ask(app, [video, 0, 0, 0, 0, 1, "sharp", "anet", ""]))
        assert "upload the video itself, not its address" in answer
    assert not app.lookups.exists(), app.lookups.read_text()


def ask(app, data: list, **more) -> httpx.Response:
    return httpx.post(f"{app.url}{API}/call/anonymize", json={"data": data} | more, timeout=60)


def result_of(app, asked: httpx.Response) -> str:
    url = f"{app.url}{API}/call/anonymize/{asked.json()['event_id']}"
    return httpx.get(url, timeout=180).text


def upload(app, path) -> dict:
    with path.open("rb") as file:
        answer = httpx.post(f"{app.url}{API}/upload", files={"files": (path.name, file)})
    return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}


@pytest.mark.timeout(400)
def test_who_does_not_listen_takes_nobodys_place(app, tmp_path):
    clip = crossing(tmp_path / "walk.mp4", 20)
    nothing = [None, 0, 0, 0, 0, 1, "sharp", "anet", ""]
    for _ in range(60):  # more than there are places
        assert ask(app, nothing).status_code == 200
    began = time.monotonic()
    answer = result_of(app, ask(app, [upload(app, clip), 0, 0, 0, 0, 1, "sharp", "anet", ""]))
    assert "event: complete" in answer
    print(f"\na run beside 60 unheard jobs: {time.monotonic() - began:.1f} s")


@pytest.mark.timeout(400)
def test_a_visitor_has_three_places_and_gives_them_back(app, tmp_path):
    clip = crossing(tmp_path / "walk.mp4", 60)
    name = "visitor1"
    fn_index = next(
        dependency["id"]
        for dependency in httpx.get(f"{app.url}/config", timeout=60).json()["dependencies"]
        if dependency["api_name"] == "anonymize"
    )

    def join() -> httpx.Response:
        video = upload(app, clip)
        body = {"data": [video, 0, 0, 0, 0, 1, "sharp", "anet", ""], "fn_index": fn_index}
        return httpx.post(f"{app.url}{API}/queue/join", json=body | {"session_hash": name})

    def listen():
        query = {"session_hash": name}
        return httpx.stream("GET", f"{app.url}{API}/queue/data", params=query, timeout=60)

    assert join().status_code == 200
    with listen() as stream:
        lines = stream.iter_lines()
        next(line for line in lines if "estimation" in line or "process_starts" in line)
        for _ in range(MOST_OF_SESSION - 1):
            assert join().status_code == 200
        refused = join()
        assert refused.status_code == 429 and "jobs here already" in refused.json()["detail"]
    began = time.monotonic()  # it has left
    other = crossing(tmp_path / "other.mp4", 20)
    answer = result_of(app, ask(app, [upload(app, other), 0, 0, 0, 0, 1, "sharp", "anet", ""]))
    assert "event: complete" in answer and time.monotonic() - began < 60


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"{", "application/json"),
        (b'{"data": [NaN]}', "application/json"),
        (b'{"data": [1e999]}', "application/json"),
        (b'{"data": [1' + b"0" * 5000 + b"]}", "application/json"),
        (json.dumps({"data": ["x" * 300_000]}).encode(), "application/json"),
        (b'{"data": []}', "text/plain"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_what_is_no_json_gets_a_sentence(app, content, kind):
    for path in ("queue/join", "call/anonymize", "run/rate_join", "cancel"):
        headers = {"content-type": kind}
        answer = httpx.post(f"{app.url}{API}/{path}", content=content, headers=headers, timeout=60)
        assert answer.status_code == 400 and "JSON of at most" in answer.json()["detail"]


@pytest.mark.parametrize("path, body", [
    ("call/nothing", {"data": []}), ("call/v2/nothing", {}), ("run/nothing", {"data": []}),
    ("queue/join", {"data": [], "fn_index": 99999, "session_hash": "a"}),
    ("queue/join", {"data": [], "fn_index": "zero", "session_hash": "a"}),
    ("cancel", {}), ("cancel", {"session_hash": "a", "fn_index": 0, "event_id": "b"}),
    ("call/anonymize", {"data": {}}), ("call/anonymize", []),
])  # fmt: skip
def test_foreign_calls_are_answered_without_a_traceback(app, path, body):
    answer = httpx.post(f"{app.url}{API}/{path}", json=body, timeout=60)
    assert answer.headers["content-type"].startswith("application/json")
    assert "Traceback" not in answer.text and "Traceback" not in app.log.read_text()


@pytest.mark.parametrize(
    "position, value, says",
    [
        (0, 5, "could not be done"),
        (0, "/etc/hostname", "could not be done"),
        (0, [], "could not be done"),
        (0, None, "No video was given"),
        (1, "seven", "could not be done"),
        (1, "nan", "could not be done"),
        (1, [1], "could not be done"),
        (1, None, "seed: Input should be a valid integer"),
        (1, 10**300, "seed: Input should be less than"),
        (1, -1, "seed: Input should be greater than or equal to 0"),
        (2, {"a": 1}, "could not be done"),
        (3, -1, "start: Input should be greater than or equal to 0"),
        (3, 1e300, "start: Input should be less than or equal to 1000000"),
        (4, -3, "end: Input should be greater than or equal to 0"),
        (4, None, "end: Input should be a valid number"),
        (5, 0, "strength: Input should be greater than 0"),
        (5, "", "strength: Input should be a valid number"),
        (6, "invisible", "colour: Input should be"),
        (6, 7, "colour: Input should be"),
        (6, ["sharp"], "colour: Input should be"),
        (6, "x" * 100_000, "colour: Input should be"),
    ],
)
def test_unexpected_values_get_a_sentence(app, position, value, says):
    data = [
        {"path": str(EXAMPLE), "meta": {"_type": "gradio.FileData"}},
        0,
        0,
        0,
        0.1,
        1,
        "sharp",
        "anet",
        "",
    ]
    data[position] = value
    answer = result_of(app, ask(app, data))
    assert "event: error" in answer and says in answer


def test_an_upload_that_is_too_large_or_broken_off_leaves_nothing(app):
    before = set(app.files())
    head = (
        f"POST {API}/upload HTTP/1.1\r\nHost: a\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n"
    )
    address = "127.0.0.1", int(app.url.rsplit(":", 1)[1])
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head.format(MOST_UPLOAD_BYTES + 1).encode())
        assert b" 413 " in connection.recv(100)
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head.format(10_000_000).encode() + PART + b"x" * 1_000_000)
        until = time.monotonic() + 30
        while set(app.files()) == before and time.monotonic() < until:
            time.sleep(0.05)
        assert set(app.files()) != before  # it had begun
    until = time.monotonic() + 30
    while set(app.files()) != before and time.monotonic() < until:
        time.sleep(0.1)
    assert set(app.files()) == before


def filtered(tmp_path, receive, length: int) -> tuple[int, bytes]:
    """What an app behind the filter answers to an upload that comes by `receive`."""
    with gr.Blocks() as demo:
        gr.Markdown()
    demo.max_file_size = None  # as launched without a limit of its own
    middleware = [Middleware(RequestFilter, folder=tmp_path, stop=lambda session: None)]
    app = App.create_app(demo, app_kwargs={"middleware": middleware})
    sent = []

    async def send(message) -> None:
        sent.append(message)

    path = f"{API}/upload"
    headers = [
        (b"host", b"a"),
        (b"content-type", b"multipart/form-data; boundary=b"),
        (b"content-length", str(length).encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"headers": headers, "query_string": b"", "root_path": "", "scheme": "http"}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_an_upload_that_stops_coming_is_ended_and_deleted(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(request_filter, "PAUSE_S", 0.3)
    parts = [PART + b"x" * 1000]

    async def receive() -> dict:
        if not parts:
            assert any(path.is_file() for path in tmp_path.rglob("*"))
            await asyncio.sleep(60)
        return {"type": "http.request", "body": parts.pop(), "more_body": True}

    assert filtered(tmp_path, receive, 10_000) == (400, b"The upload took too long.")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("declared", [0, 5_000_000])
def test_a_full_disk_is_told(tmp_path, monkeypatch, caplog, declared):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    free = request_filter.FREE_BYTES + 2_000_000
    parts = [b"x" * 1_000_000, PART]

    total, used, _ = usage = shutil.disk_usage(tmp_path)

    def disk_usage(folder):
        written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        return type(usage)(total, used, free - 3 * written)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)

    async def receive() -> dict:
        body = parts.pop() if parts else b"x" * 1_000_000
        return {"type": "http.request", "body": body, "more_body": True}

    status, sentence = filtered(tmp_path, receive, declared)
    assert (status, sentence[:22]) == (507 if declared else 400, b"The server's disk is f")
    assert "the disk is full" in caplog.text
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_many_uploads_at_once_are_kept_apart(app, tmp_path):
    clip = crossing(tmp_path / "walk.mp4", 5)
    with ThreadPoolExecutor(8) as pool:
        paths = [video["path"] for video in pool.map(lambda _: upload(app, clip), range(8))]
    assert len(set(paths)) == 8


def test_no_other_machine_was_asked(app):
    """By all that the tests above did."""
    assert not app.lookups.exists(), app.lookups.read_text()
