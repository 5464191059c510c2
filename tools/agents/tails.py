"""A server for tails files on loopback: uploads by HTTP, downloads by HTTPS, as the ledger wants their addresses."""

import http.server
import pathlib
import re
import ssl
import subprocess
import threading
from email.parser import BytesParser
from email.policy import HTTP

BYTES_MAX = 64 * 1024 * 1024
NAME = re.compile("/hash/([1-9A-HJ-NP-Za-km-z]{32,64})")


class TailsServer:
    """Uploads at `upload`, downloads at `download` with the certificate in `certificate`."""

    def __init__(self, folder: pathlib.Path, port: int):
        self._files = folder / "tails"
        self._files.mkdir()
        self.certificate = folder / "tails.pem"
        key = folder / "tails-key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key),
             "-out", str(self.certificate)], check=True, capture_output=True)
        self.upload, self.download = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port + 1}"
        handler = type("Handler", (TailsHandler,), {"files": self._files})
        self._servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port + index), handler) for index in range(2)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._servers[1].socket = context.wrap_socket(self._servers[1].socket, server_side=True)

    def __enter__(self):
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in self._servers:
            server.shutdown()
            server.server_close()


class TailsHandler(http.server.BaseHTTPRequestHandler):
    """`/hash/<base58 of SHA-256>`; an upload is a form with the file `tails`."""

    files: pathlib.Path
    protocol_version = "HTTP/1.1"

    def _path(self):
        match = NAME.fullmatch(self.path)
        return None if match is None else self.files / match.group(1)

    def do_GET(self):
        path = self._path()
        if path is None or not path.exists():
            return self.send_error(404)
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        path, data = self._path(), self._body()
        if path is None or data is None:
            return self.send_error(400)
        form = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + data)
        parts = [part for part in form.iter_parts() if part.get_filename() or part.get_param(
            "name", header="content-disposition") == "tails"]
        if len(parts) != 1:
            return self.send_error(400)
        path.write_bytes(parts[0].get_payload(decode=True))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            count = int(self.headers.get("Content-Length", 0))
            return self.rfile.read(count) if count <= BYTES_MAX else None
        data = b""
        while len(data) <= BYTES_MAX:
            count = int(self.rfile.readline().split(b";")[0], 16)
            data += self.rfile.read(count)
            self.rfile.readline()
            if count == 0:
                return data
        return None

    def log_message(self, *_):
        """Says nothing."""
