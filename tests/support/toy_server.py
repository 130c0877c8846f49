"""A model server that does what it is told, put into the place of a built-in image's own.

It travels in ``model.tar.gz`` as ``code/sitecustomize.py``; a model whose ``PYTHONPATH`` is
``/opt/ml/model/code`` then runs it in every Clary image, on every runtime. Environment: ``TOY_NAME`` is told
in each answer; ``TOY_START`` is ``serve`` (the default), ``exit`` (at once, with code 3), or ``silent``
(answers no ping).

A body ``{"do": …}`` asks for something else than an answer: ``fail`` (with ``status`` and ``text``),
``wait`` (for ``seconds``), ``die``, ``mute`` (answer no ping any more), ``tell`` (its environment).
"""

import json
import os
import signal
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ID = uuid.uuid4().hex[:8]
NAME = os.environ.get("TOY_NAME", "")
answers_ping = threading.Event()


class Toy(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        if answers_ping.is_set():
            self._answer(200, b"")
        else:
            self._answer(503, b"not now")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        order: dict[str, Any] = json.loads(body) if body.startswith(b'{"do"') else {}
        match order.get("do"):
            case "fail":
                self._answer(order["status"], order["text"].encode())
                return
            case "wait":
                print("toy waits", flush=True)  # noqa: T201
                time.sleep(order["seconds"])
            case "die":
                os._exit(9)
            case "mute":
                answers_ping.clear()
            case "tell":
                self._answer(200, json.dumps({"id": ID} | dict(os.environ)).encode())
                return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = {"name": NAME, "id": ID, "size": len(body), "headers": headers}
        self._answer(200, json.dumps(answer).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes")
        if attributes:
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"seen {attributes}")
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    """Until SIGTERM; requests under way are finished then."""
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    server = ThreadingHTTPServer(("0.0.0.0", port), Toy)  # noqa: S104 - as every model server
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"toy {NAME} {ID} starts", flush=True)  # noqa: T201 - its log is read by tests
    server.serve_forever(poll_interval=0.02)
    server.server_close()
    sys.stdout.flush()
    os._exit(0)


if "serve" in sys.orig_argv:
    if os.environ.get("TOY_START") == "exit":
        print("toy gives up", flush=True)  # noqa: T201
        os._exit(3)
    if os.environ.get("TOY_START") != "silent":
        answers_ping.set()
    serve()
