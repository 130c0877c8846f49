"""The proxy's process: it serves until the command that it was started for has ended."""

import argparse
import asyncio
import os
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from clary.proxy.authority import keep_authority
from clary.proxy.server import ProxyServer
from clary.proxy.trust import authority_path
from clary.proxy.tunnel import BLOCK
from clary.supervisor.logs import write_log


def main() -> None:
    """Serve on the listener that was handed down."""
    parser = argparse.ArgumentParser(prog="clary.proxy")
    parser.add_argument("--listener", type=int, required=True, help="descriptor of a listening socket")
    parser.add_argument("--command", type=int, required=True, help="pid of the command")
    parser.add_argument("--gateway", required=True, help="URL of the platform")
    parser.add_argument("--data-dir", type=Path, required=True)
    chosen = parser.parse_args()
    follow(chosen.command)
    write_log(chosen.data_dir, "proxy")
    gateway = urlsplit(chosen.gateway)
    server = ProxyServer(
        keep_authority(authority_path(chosen.data_dir)), (gateway.hostname or "127.0.0.1", gateway.port or 80)
    )
    asyncio.run(serve(server, socket.socket(fileno=chosen.listener)))


async def serve(proxy: ProxyServer, listener: socket.socket) -> None:
    """Accept connections until this process is told to end."""
    server = await asyncio.start_server(proxy.accept, sock=listener, limit=BLOCK)
    async with server:
        await server.serve_forever()


def follow(pid: int) -> None:
    """End this process by SIGTERM as soon as the other has ended."""
    threading.Thread(target=_wait_for_end, args=(pid,), name="lifeline", daemon=True).start()


def _wait_for_end(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
