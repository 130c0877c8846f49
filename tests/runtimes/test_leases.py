"""Addresses and ports are held by one holder at a time, across processes."""

import multiprocessing
import socket
from concurrent.futures import ProcessPoolExecutor

import pytest

from clary.runtimes.process.leases import Leases


def _lease(arguments):
    path, holder = arguments
    return Leases(path).lease_addresses(holder, 3)


def test_processes_never_get_the_same_address(tmp_path):
    path = tmp_path / "addresses.json"
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        held = list(pool.map(_lease, [(path, f"job-{number}") for number in range(24)]))
    addresses = [address for group in held for address in group]
    assert len(set(addresses)) == 72
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


@pytest.mark.parametrize("path", ["new/folder/ports.json"])
def test_nothing_is_held_before_the_first_lease(tmp_path, path):
    assert Leases(tmp_path / path).find("anyone") == []
    Leases(tmp_path / path).release("anyone")
