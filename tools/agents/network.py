"""Four validators of this project on loopback, and the `commonwatt` program."""

import json
import os
import pathlib
import subprocess


class CheckFailed(Exception):
    """Something did not show what it must show."""


def require(condition, text):
    """Says what holds; raises CheckFailed otherwise."""
    if not condition:
        raise CheckFailed(text)
    print(f"  ok  {text}", flush=True)


class Network:
    """A devnet in a folder of its own, stopped at the end."""

    def __init__(self, folder: pathlib.Path, base_port: int):
        self.program = os.environ["COMMONWATT_PROGRAM"]
        self.folder = folder / "network"
        self.genesis = self.folder / "genesis.json"
        # Each agent's node is another one.
        self.nodes = [f"http://127.0.0.1:{base_port + 1000 + index}" for index in range(4)]
        self._base_port = base_port

    def __enter__(self):
        self.run("devnet", "init", "--dir", self.folder, "--network", "agents", "--base-port", self._base_port,
                 "--heartbeat", 1000)
        self.run("devnet", "start", "--dir", self.folder)
        return self

    def __exit__(self, *_):
        subprocess.run([self.program, "devnet", "stop", "--dir", str(self.folder)], stdout=subprocess.DEVNULL)

    def run(self, *arguments):
        """Standard output; ends the check when the program fails."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise CheckFailed(f"commonwatt {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
        return done.stdout

    def key(self, partner):
        return self.folder / partner / "keys/operator.key"

    def did(self, command, wallet, *more, partner="energylab"):
        """A `did` command by the wallet, sent by the partner."""
        return json.loads(self.run(
            "did", command, "--wallet", wallet, "--key", self.key(partner), "--node", self.nodes[0], "--json", *more))


def seeds(wallet: pathlib.Path):
    """(control, agreement) secrets of a wallet file, as bytes: what this check signs and decrypts with."""
    made = json.loads(wallet.read_text())
    return bytes.fromhex(made["control"]), bytes.fromhex(made["agreement"])


def stop(process: subprocess.Popen):
    """Ends a process that this check started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
