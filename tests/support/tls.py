"""An HTTPS server and an HTTPS proxy that are not ours, on loopback."""

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from support.waiting import wait_for


@dataclass(frozen=True, slots=True)
class ForeignServer:
    """A web server called ``localhost``, its certificate (PEM), the file of the authority that signed it."""

    url: str
    certificate: str
    authority: Path


class _Greeter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"greetings"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent."""


@contextmanager
def foreign_server(folder: Path) -> Iterator[ForeignServer]:
    """A server whose authority nobody knows."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    path = folder / "foreign-authority.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Greeter) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            shown = certificate.cert_chain_pems[0].bytes().decode()
            yield ForeignServer(f"https://localhost:{server.server_port}/", shown, path)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def foreign_proxy(folder: Path, *, login: str) -> Iterator[int]:
    """A proxy as companies have them, which wants ``login`` (``user:password``); its port."""
    port = folder / "proxy-port"
    command = [sys.executable, "-m", "proxy", "--port", "0", "--port-file", str(port), "--basic-auth", login]
    process = subprocess.Popen(
        [*command, "--num-workers", "1", "--num-acceptors", "1"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield int(wait_for(lambda: port.exists() and port.read_text().strip(), what="the proxy's port"))
    finally:
        process.terminate()
        process.wait(timeout=30)
