#!/usr/bin/env python3
"""A node that lies, to show that it is found out: stands before an honest node and hands everything on, but downloads.

    tools/lying-node.py HONEST_URL PORT MODE_FILE

The word in MODE_FILE, read with every request, says how: `honest` hands downloads on and remembers the last one,
`alter` changes one byte of the data in each, and `hide` gives the remembered one again, whatever the chain says by now.
Answers on 127.0.0.1 only. Needs Python 3.9 or newer and nothing else; ends when its standard input ends.
"""
import http.server
import pathlib
import sys
import threading
import urllib.error
import urllib.request

BODY_BYTES_MAX = 64 << 20


class LyingNode(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    honest = ""
    mode_file = pathlib.Path()
    remembered = b""

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.answer(self.rfile.read(min(length, BODY_BYTES_MAX)))

    def answer(self, body):
        mode = self.mode_file.read_text().strip()
        kind = type(self)
        if mode == "hide" and self.path == "/v1/data/links":
            return self.send(200, "application/json", b'{"path":"/v1/data/downloads/again"}')
        is_download = self.path.startswith("/v1/data/downloads/")
        if mode == "hide" and is_download:
            return self.send(200, "application/octet-stream", kind.remembered)
        status, media_type, given = self.ask(body)
        if is_download and status == 200:
            kind.remembered = given
            if mode == "alter":
                given = self.altered(given)
        self.send(status, media_type, given)

    @staticmethod
    def altered(given):
        """The last digit of the last chunk is another one."""
        place = max(given.rfind(digit) for digit in b"0123456789")
        return given[:place] + (b"7" if given[place:place + 1] != b"7" else b"3") + given[place + 1:]

    def ask(self, body):
        headers = {name: self.headers[name] for name in ("Accept", "Content-Type") if name in self.headers}
        request = urllib.request.Request(self.honest + self.path, data=body, headers=headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read(BODY_BYTES_MAX)
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type", ""), error.read(BODY_BYTES_MAX)

    def send(self, status, media_type, body):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def main():
    if len(sys.argv) != 4 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) == 2 else 2
    LyingNode.honest, LyingNode.mode_file = sys.argv[1].rstrip("/"), pathlib.Path(sys.argv[3])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), LyingNode)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
