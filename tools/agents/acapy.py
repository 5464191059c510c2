"""An ACA-Py agent as a process, and its admin API."""

import json
import os
import pathlib
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from network import CheckFailed, stop

START_SECONDS = 90
STATE_SECONDS = 90


class AdminError(Exception):
    """An answer of the admin API with an error's status."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Agent:
    """Listens on `port` for its admin API and on the next one for other agents."""

    def __init__(self, name: str, folder: pathlib.Path, port: int, *options: str, environment=None):
        self.name = name
        self._log = folder / f"{name}.log"
        self._key = secrets.token_hex(16)
        self._admin = f"http://127.0.0.1:{port}"
        # Wallet and tails files go to the check's folder.
        self._environment = {**os.environ, "HOME": str(folder), **(environment or {})}
        self._command = [
            str(pathlib.Path(sys.executable).parent / "aca-py"), "start", "--label", name,
            "--inbound-transport", "http", "127.0.0.1", str(port + 1), "--outbound-transport", "http",
            "--endpoint", f"http://127.0.0.1:{port + 1}", "--admin", "127.0.0.1", str(port),
            "--admin-api-key", self._key, "--no-ledger", "--wallet-type", "askar-anoncreds", "--wallet-name", name,
            "--wallet-key", secrets.token_hex(16), "--auto-provision", "--recreate-wallet", "--log-level", "warning",
            *options,
        ]
        self._process = None

    def __enter__(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise CheckFailed(f"the agent {self.name} ended at its start: {self.log()}")
            try:
                if self.get("/status/ready").get("ready"):
                    return self
            except (OSError, AdminError):
                pass
            if time.monotonic() > deadline:
                self.__exit__()
                raise CheckFailed(f"the agent {self.name} was not ready in {START_SECONDS} s: {self.log()}")
            time.sleep(0.5)

    def __exit__(self, *_):
        stop(self._process)

    def log(self):
        return self._log.read_text(errors="replace")[-3000:]

    def get(self, path):
        return self._ask("GET", path, None)

    def post(self, path, body=None):
        return self._ask("POST", path, {} if body is None else body)

    def _ask(self, method, path, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._admin + path, data=data, method=method,
            headers={"X-API-Key": self._key, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=180) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AdminError(error.code, error.read().decode(errors="replace") or error.reason) from error

    def wait(self, path, done, what, seconds=STATE_SECONDS):
        """Polls until `done` of the answer holds, and gives the answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.get(path)
            if done(answer):
                return answer
            if time.monotonic() > deadline:
                raise CheckFailed(f"{self.name}: {what} did not happen in {seconds} s; last {json.dumps(answer)[:2000]}")
            time.sleep(0.5)


def escaped(text):
    return urllib.parse.quote(text, safe="")
