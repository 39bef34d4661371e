"""A hub on this machine that speaks what huggingface_hub asks for: repositories, branches, files, commits, Git LFS."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Files = dict[str, bytes]
LARGE = (".safetensors", ".png")
"""What goes through Git LFS."""


@dataclass
class Hub:
    """What a hub holds, and what it was asked."""

    branches: dict[str, dict[str, Files]] = field(default_factory=dict)
    """Repositories, their branches and the files of these."""
    uploaded: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def commit_of(self, repository: str, branch: str) -> str:
        """Return the commit of a branch, which changes with its files."""
        files = self.branches[repository][branch]
        return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()

    def files_at(self, repository: str, revision: str) -> Files | None:
        """Return the files of a branch or commit."""
        branches = self.branches[repository]
        known = {**{self.commit_of(repository, name): files for name, files in branches.items()}, **branches}
        return known.get(revision)


class Answers(BaseHTTPRequestHandler):
    """What the hub says to each request."""

    hub: Hub

    def do_HEAD(self) -> None:
        self._serve(with_body=False)

    def do_GET(self) -> None:
        self._serve(with_body=True)

    def do_PUT(self) -> None:
        self.hub.uploaded[self.path.rpartition("/")[2]] = self._body()
        self._say(200, b"")

    def do_POST(self) -> None:
        self.hub.asked.append(f"POST {self.path}")
        body = self._body()
        if not self.headers.get("Authorization"):
            self._fail(401, "RepoNotFound")
        elif self.path == "/api/repos/create":
            name = "/".join(filter(None, (json.loads(body).get("organization"), json.loads(body)["name"])))
            self.hub.branches.setdefault(name, {"main": {}})
            self._json({"url": f"{self.hub.address}/{name}", "name": name})
        elif self.path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/(\w+/[\w-]+)/branch/([\w.]+)", self.path):
            files = self.hub.branches[found[1]]
            files.setdefault(found[2], dict(files["main"]))
            self._json({})
        elif "/preupload/" in self.path:
            files = [file["path"] for file in json.loads(body)["files"]]
            modes = {file: "lfs" if file.endswith(LARGE) else "regular" for file in files}
            self._json({"files": [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes.items()]})
        elif self.path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            uploads = {one["oid"]: {"upload": {"href": f"{self.hub.address}/lfs/{one['oid']}"}} for one in objects}
            self._json({"transfer": "basic", "objects": [{**one, "actions": uploads[one["oid"]]} for one in objects]})
        elif found := re.fullmatch(r"/api/models/(\w+/[\w-]+)/commit/([\w.]+)", self.path):
            self._commit(found[1], found[2], [json.loads(line) for line in body.splitlines()])
        else:
            self._fail(404, "EntryNotFound")

    def _commit(self, repository: str, branch: str, lines: list[dict[str, Any]]) -> None:
        files = self.hub.branches[repository][branch]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploaded[value["oid"]]
        commit = self.hub.commit_of(repository, branch)
        url = f"{self.hub.address}/{repository}/commit/{commit}"
        self._json({"success": True, "commitOid": commit, "commitUrl": url})

    def _serve(self, with_body: bool) -> None:
        self.hub.asked.append(f"{self.command} {self.path}")
        if found := re.fullmatch(r"/(\w+/[\w-]+)/resolve/([\w.]+)/(.+)", self.path):
            self._file(*found.groups(), with_body)
        elif found := re.fullmatch(r"/api/models/(\w+/[\w-]+)(?:/revision/([\w.]+))?(?:\?.*)?", self.path):
            repository, branch = found[1], found[2] or "main"
            sha = self.hub.commit_of(repository, branch)
            self._json({"id": repository, "modelId": repository, "sha": sha, "siblings": [], "tags": []})
        else:
            self._say(200, b"")

    def _file(self, repository: str, revision: str, name: str, with_body: bool) -> None:
        if repository not in self.hub.branches:
            return self._fail(401, "RepoNotFound")
        files = self.hub.files_at(repository, revision)
        if files is None:
            return self._fail(404, "RevisionNotFound")
        if name not in files:
            return self._fail(404, "EntryNotFound")
        branch = next(key for key, value in self.hub.branches[repository].items() if value is files)
        tag = hashlib.sha256(files[name]).hexdigest()
        headers = {"X-Repo-Commit": self.hub.commit_of(repository, branch), "ETag": f'"{tag}"'}
        return self._say(200, files[name], headers, with_body)

    def _json(self, value: Any) -> None:
        self._say(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _fail(self, code: int, name: str) -> None:
        self._say(code, b"", {"X-Error-Code": name, "X-Error-Message": name})

    def _say(self, code: int, body: bytes, headers: dict[str, str] | None = None, with_body: bool = True) -> None:
        self.send_response(code)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[tuple[Hub, ThreadingHTTPServer]]:
    """Yield a hub and the server that stands for it, at ``hub.address``."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Answers,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub, server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
