"""Addresses and ports are held by one holder at a time, across processes."""

import socket
import subprocess
import sys

from clary.runtimes.process.leases import Leases

LEASE = """
import sys
from pathlib import Path
from clary.runtimes.process.leases import Leases
for number in range(10):
    print(*Leases(Path(sys.argv[1])).lease_addresses(f"{sys.argv[2]}-{number}", 3))
"""


def test_processes_never_get_the_same_address(tmp_path):
    command = [sys.executable, "-c", LEASE, str(tmp_path / "addresses.json")]
    processes = [subprocess.Popen([*command, who], stdout=subprocess.PIPE, text=True) for who in "abcd"]
    addresses = [address for process in processes for address in process.communicate()[0].split()]
    assert len(set(addresses)) == len(addresses) == 120
    assert all(address.startswith("127.31.") for address in addresses)


def test_a_holder_gets_the_same_again_until_it_lets_go(tmp_path):
    leases = Leases(tmp_path / "addresses.json")
    first = leases.lease_addresses("job", 2)
    assert Leases(tmp_path / "addresses.json").lease_addresses("job", 2) == first
    assert leases.find("job") == first
    leases.release("job")
    assert leases.find("job") == []


def test_a_port_in_use_is_not_given(tmp_path):
    leases = Leases(tmp_path / "ports.json")
    port = leases.lease_port("a")
    with socket.create_server(("127.0.0.1", port)):
        assert leases.lease_port("a") == port
        assert leases.lease_port("b") != port


def test_nothing_is_held_before_the_first_lease(tmp_path):
    leases = Leases(tmp_path / "new" / "ports.json")
    assert leases.find("anyone") == []
    leases.release("anyone")
