"""Starts the proxy of a command as a process of its own, nobody's child that could be waited for."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from clary.supervisor.logs import log_folder

BACKLOG = 512


def start_proxy(folder: Path, gateway: str) -> int:
    """Start the proxy for this process, whatever program it becomes; returns the port.

    The socket listens before the proxy runs, so that nobody waits for it: early connections queue. A shell
    that ends at once starts it, so that the command has no child that it did not start itself.
    """
    proxy = [sys.executable, "-P", "-m", "clary.proxy", "--gateway", gateway, "--data-dir", str(folder)]
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        descriptor = listener.fileno()
        with (log_folder(folder) / "proxy.err").open("ab") as errors:
            subprocess.run(
                ["sh", "-c", '"$@" &', "sh", *proxy, f"--listener={descriptor}", f"--command={os.getpid()}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(descriptor,),
                start_new_session=True,
                cwd=folder,
                check=True,
            )
        port: int = listener.getsockname()[1]
        return port
