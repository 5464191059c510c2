#!/usr/bin/env python3
"""Runs the verifier page in headless Chromium, as a person would: from the disk, with files chosen in its fields.

    browser.py --list FILE [--page PAGE]       one JSON array of [genesis, statement] files; prints their outcomes as JSON
    browser.py GENESIS STATEMENT [--screenshot PNG] [--width N] [--height N]

Speaks the DevTools protocol over its own small WebSocket client. Needs Python 3.8 and Chromium, nothing else. Fails when the
page asks for anything over a network.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / ".build" / "webverifier" / "commonwatt-verify.html"
SECONDS_MAX = 60


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    sys.exit("error: there is no Chromium")


class Socket:
    """A WebSocket client (RFC 6455) for text messages on loopback."""

    def __init__(self, url):
        host, _, path = url[len("ws://"):].partition("/")
        name, _, port = host.partition(":")
        self.socket = socket.create_connection((name, int(port)), timeout=SECONDS_MAX)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        if b" 101 " not in self.file.readline():
            sys.exit("error: Chromium did not open its DevTools")
        while self.file.readline().strip():
            pass

    def send(self, text):
        data = text.encode()
        mask = os.urandom(4)
        size = len(data)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
                                if size < 65536 else bytes([0xFF]) + size.to_bytes(8, "big"))
        masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        self.socket.sendall(head + mask + masked)

    def receive(self):
        text = b""
        while True:
            first, second = self.file.read(2)
            size = second & 127
            if size >= 126:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            part = self.file.read(size)
            if first & 15 in (0, 1, 2):
                text += part
                if first & 128:
                    return text.decode()


class Browser:
    def __init__(self, page, width=1100, height=1400):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={self.folder.name}", f"--window-size={width},{height}",
             "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = self.wait(lambda: self.port(), "Chromium did not start")
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10))
        self.socket = Socket(next(p for p in pages if p["type"] == "page")["webSocketDebuggerUrl"])
        self.number, self.requests, self.url = 0, [], page.resolve().as_uri()
        for domain in ("Page", "Runtime", "Network", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def port(self):
        try:
            return int(pathlib.Path(self.folder.name, "DevToolsActivePort").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def wait(self, probe, failure):
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            found = probe()
            if found:
                return found
            time.sleep(0.02)
        self.close()
        sys.exit(f"error: {failure}")

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive())
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"error: {method}: {message['error']['message']}")
                return message["result"]

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self):
        self.call("Page.navigate", url=self.url)
        self.wait(lambda: self.value("document.readyState") == "complete", "the page did not load")

    def choose(self, field, path):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"#{field}")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(pathlib.Path(path).resolve())])

    def outcome(self, genesis, statement):
        """What the page says: its checks, or the words with which it refuses the genesis."""
        self.open()
        self.choose("genesis", genesis)
        self.choose("statement", statement)
        text = self.wait(lambda: self.value(
            "document.documentElement.dataset.outcome ?? (document.querySelector('#verdict').hidden ? '' : "
            "JSON.stringify({isRight: false, checks: [], refusal: document.querySelector('#verdict').innerText}))"),
            f"the page says nothing of {statement}")
        outside = [url for url in self.requests if not url.startswith(("file:", "data:", "about:"))]
        if outside:
            self.close()
            sys.exit(f"error: the page asked for {outside[0]}")
        return json.loads(text)

    def screenshot(self, target, width):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        pathlib.Path(target).write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait()
        for _ in range(50):
            try:
                return self.folder.cleanup()
            except OSError:
                time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description="Runs the verifier page in headless Chromium.")
    parser.add_argument("genesis", nargs="?")
    parser.add_argument("statement", nargs="?")
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path, default=PAGE)
    parser.add_argument("--screenshot")
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--height", type=int, default=1400)
    arguments = parser.parse_args()
    work = json.loads(arguments.list.read_text()) if arguments.list else [[arguments.genesis, arguments.statement]]
    browser = Browser(arguments.page, arguments.width, arguments.height)
    try:
        outcomes = [browser.outcome(item[0], item[1]) for item in work]
        if arguments.screenshot:
            browser.screenshot(arguments.screenshot, arguments.width)
    finally:
        browser.close()
    print(json.dumps(outcomes if arguments.list else outcomes[0], indent=None if arguments.list else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
