"""A stand-in for the Hugging Face Hub on loopback: what huggingface_hub asks for, and no more.

Files are served by a redirect to a store on another host, as large files of the Hub are. They are
uploaded first, by plain HTTP (LFS) or as chunks (Xet), and then committed by their sha256; small
ones are in the commit itself.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "hf_may_write"
BY_ITSELF = re.compile(r"\.(safetensors|png|mp4)$")  # uploaded before the commit
RESOLVE = re.compile(r"^/(?:(spaces)/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")
API = re.compile(r"^/api/(models|spaces)/([^/]+/[^/]+)/(\w[\w-]*)/([^/]+)$")
BATCH = re.compile(r"^/(?:(spaces)/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch$")


@dataclass
class Repository:
    """Every commit's files; the last commit is `main`."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], name: str | None = None) -> str:
        new = dict(self.files) | files
        name = name or hashlib.sha1(repr((len(self.commits), sorted(new))).encode()).hexdigest()
        self.commits[name] = new
        return name

    @property
    def main(self) -> str:
        return list(self.commits)[-1]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.main] if self.commits else {}


class FakeHub(ThreadingHTTPServer):
    """
    Attributes:
        repositories: by ("models" or "spaces", "OWNER/NAME").
        asked: method, path and range of every request.
        statuses: answers to the next requests whose path holds the key, one after the other.
        cut_after: bytes after which each of the next deliveries breaks off, the first first.
        slowly: every delivery waits before its last byte until `closing` is set.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.store: dict[str, bytes] = {}
        self.chunks: list[bytes] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.statuses: dict[str, list[int]] = {}
        self.cut_after: list[int] = []
        self.slowly = False
        self.closing = threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # clients that are killed, or give up, are part of the tests

    def add(self, name: str, files: dict[str, bytes], commit: str | None = None) -> str:
        """Commit files to a repository of models; returns the commit, 40 hexadecimal digits."""
        return self.repositories.setdefault(("models", name), Repository()).commit(files, commit)

    def stored(self, digest: str) -> bytes:
        """What was uploaded under a sha256, whole or as neighbouring chunks."""
        for begin in range(len(self.chunks)):
            for end in range(begin, len(self.chunks)):
                content = b"".join(self.chunks[begin : end + 1])
                if hashlib.sha256(content).hexdigest() == digest:
                    return content
        return self.store[digest]

    def deliveries(self) -> list[str | None]:
        """The range of every delivery from the store."""
        return [part for method, path, part in self.asked if method == "GET" and "/store/" in path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_):
        pass

    def handle_one(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for part, statuses in self.server.statuses.items():
            if part in self.path and statuses:
                return self._send(statuses.pop(0), b"{}")
        path = unquote(url.path)
        if self.command in ("GET", "HEAD") and (match := RESOLVE.match(path)):
            return self._resolve(match[1] or "models", *match.groups()[1:])
        if path.startswith("/store/"):
            digest = path.removeprefix("/store/")
            return (
                self._take(digest, body)
                if self.command == "PUT"
                else self._deliver(digest, url.query)
            )
        if path.startswith("/cas/"):
            return self._xet(path, body)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, b'{"error": "Invalid username or password."}')
        answer = self._api(path, body)
        self._send(404 if answer is None else 200, json.dumps(answer).encode())

    do_GET = do_HEAD = do_POST = do_PUT = handle_one

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _resolve(self, kind: str, name: str, revision: str, file: str) -> None:
        repository = self.server.repositories.get((kind, name))
        if (
            repository is None
        ):  # the Hub does not tell who may not see it from whoever does not exist
            return self._send(401, b"", X_Error_Code="RepoNotFound")
        commit = repository.main if revision == "main" else revision
        if commit not in repository.commits:
            return self._send(404, b"", X_Error_Code="RevisionNotFound")
        content = repository.commits[commit].get(file)
        if content is None:
            return self._send(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        digest = hashlib.sha256(content).hexdigest()
        self.server.store[digest] = content
        self._send(
            302,
            X_Repo_Commit=commit,
            X_Linked_ETag=f'"{digest}"',
            X_Linked_Size=str(len(content)),
            # another host
            Location=f"http://localhost:{self.server.server_port}/store/{digest}?{Path(file).name}",
        )

    def _deliver(self, digest: str, name: str) -> None:
        content = self.server.store[digest]
        begin = 0
        if part := self.headers.get("Range"):
            begin = int(part.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if part else 200)
        self.send_header("Content-Disposition", f'inline; filename="{name}";')
        self.send_header("Content-Length", str(len(content) - begin))
        if part:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        rest = content[begin:]
        if self.server.cut_after:
            rest = rest[: self.server.cut_after.pop(0)]
            self.close_connection = True
        if self.server.slowly:
            self.wfile.write(rest[:-1])
            self.wfile.flush()
            self.server.closing.wait()
            self.close_connection = True
            return
        self.wfile.write(rest)

    def _take(self, digest: str, body: bytes) -> None:
        right = hashlib.sha256(body).hexdigest() == digest
        if right:
            self.server.store[digest] = body
        self._send(200 if right else 400)

    def _xet(self, path: str, body: bytes) -> None:
        """The newer store: chunks, packed and perhaps compressed, then a list of them."""
        if path.startswith("/cas/v1/xorbs/"):
            at = 0
            while at + 8 <= len(body) and body[at] == 0:  # version, packed size, scheme, size
                packed = int.from_bytes(body[at + 1 : at + 4], "little")
                assert body[at + 4] == 0, "only chunks that are not compressed are understood"
                self.server.chunks.append(body[at + 8 : at + 8 + packed])
                at += 8 + packed
            return self._send(200, b'{"was_inserted": true}')
        if path == "/cas/v1/shards":
            return self._send(200, b'{"result": 1}')
        self._send(404)  # what is asked for beside these may be absent

    def _api(self, path: str, body: bytes) -> dict | list | None:
        if path == "/api/validate-yaml":
            return {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            kind = "spaces" if asked.get("type") == "space" else "models"
            self.server.repositories.setdefault((kind, name), Repository()).commit(
                {".gitattributes": b""}
            )
            return {"url": f"http://{self.headers['Host']}/{name}", "name": name}
        if BATCH.match(path):
            host = self.headers["Host"]
            return {
                "transfer": "basic",
                "objects": [
                    {**one, "actions": {"upload": {"href": f"http://{host}/store/{one['oid']}"}}}
                    for one in json.loads(body)["objects"]
                ],
            }
        if not (match := API.match(path)) or match.groups()[:2] not in self.server.repositories:
            return None
        repository = self.server.repositories[match.groups()[:2]]
        return getattr(self, "_" + match[3].replace("-", "_"))(repository, body)

    def _preupload(self, repository: Repository, body: bytes) -> dict:
        return {
            "files": [
                {
                    "path": one["path"],
                    "uploadMode": "lfs" if BY_ITSELF.search(one["path"]) else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for one in json.loads(body)["files"]
            ]
        }

    def _xet_write_token(self, repository: Repository, body: bytes) -> dict:
        return {
            "casUrl": f"http://{self.headers['Host']}/cas",
            "accessToken": "x",
            "exp": 4102444800,
        }

    def _tree(self, repository: Repository, body: bytes) -> list:
        return [
            {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
            for path, content in repository.files.items()
        ]

    def _commit(self, repository: Repository, body: bytes) -> dict:
        new: dict[str, bytes] = {}
        gone = []
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                new[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                new[value["path"]] = self.server.stored(value["oid"])
            elif line["key"] == "deletedFile":
                gone.append(value["path"])
        commit = repository.commit(new)
        for path in gone:
            del repository.commits[commit][path]
        return {
            "commitUrl": f"http://{self.headers['Host']}/OWNER/NAME/commit/{commit}",
            "commitOid": commit,
            "pullRequestUrl": None,
        }


def environment(port: int, home: Path, **more: str) -> dict[str, str]:
    """Of a process whose Hub listens on a port of loopback, whose cache is in `home`, and whose pip
    knows no package index."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GAIT_DEMO_", "PIP_"))}
    own = {
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HOME": str(home),
        "GAIT_DEMO_CACHE": str(home / "gait_demo"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "NO_PROXY": "*",
    }
    return kept | own | more


def start(
    arguments: list[str], env: dict[str, str], folder: Path = ROOT, stderr=subprocess.PIPE
) -> subprocess.Popen:
    """A Python process in a copy of the project."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
