"""A registry of images on this machine: as much of its protocol as push and pull need.

It stands in for Docker Hub, which a test must not write to. Docker takes one on 127.0.0.1 without
TLS.
"""

import hashlib
import re
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")
BLOB = re.compile(r"/v2/.+/blobs/(?P<digest>sha256:[0-9a-f]{64})")
UPLOAD = re.compile(r"/v2/.+/blobs/uploads/(?P<id>[0-9a-f-]*)(\?(?P<query>.*))?")
CHUNK = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    types: dict[str, str]

    def do_GET(self) -> None:
        if self.path == "/v2/":
            self._answer(200)
        elif match := MANIFEST.fullmatch(self.path):
            self._send(self._manifest_file(match["name"], match["reference"]))
        elif match := BLOB.fullmatch(self.path):
            self._send(self.folder / match["digest"])
        else:
            self._answer(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        upload = str(uuid.uuid4())
        (self.folder / upload).touch()
        self._answer(202, Location=f"{self.path.partition('?')[0]}{upload}", Range="0-0")

    def do_PATCH(self) -> None:
        match = UPLOAD.fullmatch(self.path)
        assert match
        path = self.folder / match["id"]
        self._append_body(path)
        self._answer(202, Location=self.path, Range=f"0-{path.stat().st_size - 1}")

    def do_PUT(self) -> None:
        if match := MANIFEST.fullmatch(self.path):
            self._put_manifest(match["name"], match["reference"])
            return
        match = UPLOAD.fullmatch(self.path)
        assert match
        path = self.folder / match["id"]
        self._append_body(path)
        with path.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        assert digest.replace(":", "%3A") in match["query"] or digest in match["query"]
        path.rename(self.folder / digest)
        self._answer(201, Location=f"/v2/x/blobs/{digest}")

    def _put_manifest(self, name: str, reference: str) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for key in (digest, reference):
            self._manifest_file(name, key).write_bytes(body)
            self.types[self._manifest_file(name, key).name] = self.headers["Content-Type"]
        self._answer(201, **{"Docker-Content-Digest": digest})

    def _manifest_file(self, name: str, reference: str) -> Path:
        return self.folder / f"manifest {name} {reference}".replace("/", "+")

    def _append_body(self, path: Path) -> None:
        with path.open("ab") as file:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    file.write(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
            else:
                left = int(self.headers.get("Content-Length", "0"))
                while left:
                    chunk = self.rfile.read(min(CHUNK, left))
                    file.write(chunk)
                    left -= len(chunk)

    def _send(self, path: Path) -> None:
        if not path.exists():
            self._answer(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.send_header("Content-Type", self.types.get(path.name, "application/octet-stream"))
        if path.name in self.types:
            content = path.read_bytes()
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "GET":
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    self.wfile.write(chunk)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@contextmanager
def registry(folder: Path) -> Generator[str]:
    """Serve meanwhile what is pushed, kept in `folder`; gives the registry's host and port."""
    handler = type("KeptHandler", (Handler,), {"folder": folder, "types": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
