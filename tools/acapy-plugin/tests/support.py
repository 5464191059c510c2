"""A node whose answers a test gives, and a `commonwatt` whose outcome a test gives."""

import json
import pathlib
import stat
import sys
from typing import Any, Callable, Optional

from aiohttp import web
from aiohttp.test_utils import TestServer

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "Tests/Golden/did-resolution"
CASES = json.loads((GOLDEN / "cases.json").read_text())
DID = "did:cwatt:bench:QmWxJUVBxj9YBTStn957aRNM5vKLJxmrSePpdVoieVRpj2"

# Does what the file given as --wallet says, and notes its arguments beside it.
PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys, time
wallet = pathlib.Path(next(a for a in sys.argv if a.startswith("--wallet=")).split("=", 1)[1])
with open(str(wallet) + ".calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
told = json.loads(wallet.read_text())
time.sleep(told.get("seconds", 0))
sys.stdout.write(told.get("out", ""))
sys.stderr.write(told.get("err", ""))
sys.exit(told.get("code", 0))
"""


def write_program(folder: pathlib.Path) -> str:
    path = folder / "commonwatt"
    path.write_text(PROGRAM)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def calls(wallet: pathlib.Path) -> list[list[str]]:
    path = pathlib.Path(f"{wallet}.calls")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Node:
    """`answer(url, query)` gives status and body."""

    def __init__(self, answer: Callable[[str, dict], tuple[int, bytes]]):
        self.asked: list[tuple[str, dict]] = []
        self._answer = answer
        self._server: Optional[TestServer] = None

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_get("/1.0/identifiers/{url:.*}", self._handle)
        self._server = TestServer(app)
        await self._server.start_server()
        return str(self._server.make_url("")).rstrip("/")

    async def __aexit__(self, *_: Any) -> None:
        await self._server.close()

    async def _handle(self, request: web.Request) -> web.Response:
        url, query = request.match_info["url"], dict(request.query)
        self.asked.append((url, query))
        status, body = self._answer(url, query)
        return web.Response(status=status, body=body)


def found(content: Any, version: int = 1) -> tuple[int, bytes]:
    metadata = {"created": "2026-01-01T00:00:00Z", "versionId": str(version)}
    answer = {"content": content, "contentStream": content, "contentMetadata": metadata, "dereferencingMetadata": {}}
    return 200, json.dumps(answer).encode()


def absent() -> tuple[int, bytes]:
    error = {"type": "https://www.w3.org/ns/did#NOT_FOUND", "title": "no", "status": 404}
    answer = {"content": None, "contentMetadata": {}, "dereferencingMetadata": {"error": error}}
    return 404, json.dumps(answer).encode()
