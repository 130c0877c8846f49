"""Turns a container's specification into what the shim runs."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.kernel.errors import ClientFault, PlatformFault
from clary.runtimes.catalog import CatalogImage, resolve
from clary.runtimes.process.environment import make_python, python_path
from clary.runtimes.process.isolation import Isolation, Sandbox
from clary.runtimes.process.launch import program
from clary.runtimes.process.leases import Leases
from clary.runtimes.process.network import SharedNetwork
from clary.runtimes.process.record import Draft
from clary.runtimes.process.view import compose_view
from clary.runtimes.protocol import ContainerSpec, Limits, Mount

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
}


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans processes of one data folder."""

    data_folder: Path
    run_folder: Path
    isolation: Isolation
    addresses: Leases
    ports: Leases

    def write(self, spec: ContainerSpec, draft: Draft) -> None:
        """Fill a draft with all that the shim needs to run ``spec``."""
        self._check(spec)
        port = self.ports.lease_port(spec.name) if spec.port is not None else None
        files = self._write_etc(spec, draft)
        (draft.folder / "tmp").mkdir()
        root, scratch = "/opt/ml", "/tmp"  # noqa: S108 - its own folder
        if self.isolation is Isolation.NONE:
            root, scratch = str(draft.target / "ml"), str(draft.target / "tmp")
            lay_out_mounts(spec.mounts, link=draft.folder / "ml")
        environment = compose_environment(spec, root=root, scratch=scratch, port=port)
        if self.isolation is Isolation.NONE:
            environment |= dict.fromkeys(("HOME", "TMPDIR"), scratch)
        if runs_callers_program(spec):
            make_python(draft.folder / "tmp")
        argv, relay = self._compose_command(spec, files=files, draft=draft, port=port)
        draft.write(
            "plan.json",
            {
                "argv": argv,
                "environment": environment,
                "log": str(spec.log_path) if spec.log_path else None,
                "depth": self.isolation.depth,
                "limits": {"memory": spec.limits.memory, "pids": self._limit_pids(spec.limits)},
                "relay": relay,
            },
        )
        draft.write("spec.json", {"labels": dict(spec.labels), "group": spec.group, "image": spec.image})

    def _check(self, spec: ContainerSpec) -> None:
        for mount in spec.mounts:
            if not mount.source.exists():
                raise PlatformFault(f"{mount.source}, to be seen at {mount.target}, does not exist")
        if self.isolation is not Isolation.NONE:
            return
        if spec.network_isolation:
            raise ClientFault(f"EnableNetworkIsolation {_NEEDS_ISOLATION}")
        if len(spec.peers) > 1:
            raise ClientFault(f"more than one instance {_NEEDS_ISOLATION}")

    def _write_etc(self, spec: ContainerSpec, draft: Draft) -> dict[str, Path]:
        """Files of the process's own ``/etc``, by the path where it sees them."""
        contents = {**_ACCOUNTS, "hostname": f"{spec.hostname}\n", "hosts": self._compose_hosts(spec)}
        resolver = Path("/etc/resolv.conf")
        if not spec.network_isolation and resolver.exists():
            contents["resolv.conf"] = resolver.read_text()
        folder = draft.folder / "etc"
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_text(content)
        return {f"/etc/{name}": draft.target / "etc" / name for name in contents}

    def _compose_hosts(self, spec: ContainerSpec) -> str:
        addresses = self.addresses.lease_addresses(spec.group or spec.name, len(spec.peers))
        lines = [f"{address}\t{peer}" for address, peer in zip(addresses, spec.peers, strict=True)]
        return "\n".join(["127.0.0.1\tlocalhost", *lines, ""])

    def _compose_command(
        self, spec: ContainerSpec, *, files: dict[str, Path], draft: Draft, port: int | None
    ) -> tuple[list[str], dict[str, Any] | None]:
        """The command line, and that of the relay where a server sits in a network of its own."""
        shares_network = spec.network_isolation and (port is not None or len(spec.peers) > 1)
        view = compose_view(
            mounts=spec.mounts, files=files, scratch=draft.target / "tmp", hidden=[self.data_folder]
        )
        sandbox = Sandbox(
            folder=draft.target,
            view=view,
            hostname=spec.hostname,
            network=not spec.network_isolation or shares_network,
        )
        sandbox.write(draft.folder)
        argv = sandbox.wrap(compose_program(spec), self.isolation)
        if not shares_network:
            return argv, None
        network = SharedNetwork(self.run_folder / "networks" / (spec.group or spec.name))
        relay = None
        if port is not None:
            relay = {"argv": network.join(program("relay", str(port))), "port": port}
        return network.join(argv), relay

    def _limit_pids(self, limits: Limits) -> int | None:
        """Only in a user namespace are processes counted a sandbox; elsewhere, all that the user runs."""
        return None if self.isolation is Isolation.NONE else limits.pids


_NEEDS_ISOLATION = (
    "needs isolation, which this machine does not offer: "
    "install bubblewrap (the `bwrap` command), or use Docker"
)


def resolve_image(image: str) -> CatalogImage:
    """The catalog image behind a URI; ClientFault where only Docker could run it."""
    found = resolve(image)
    if found is None:
        raise ClientFault(
            f"the image {image} needs Docker, and the platform runs without it: install Docker, check with "
            "`docker info`, then start the platform again with `clary up --runtime docker`; a program that "
            "needs Python alone runs in the image clary/python"
        )
    return found


def runs_callers_program(spec: ContainerSpec) -> bool:
    """Whether the request brings the program: by an entry point, or in an image that has none of its own."""
    return spec.entrypoint is not None or resolve_image(spec.image).algorithm is None


def compose_program(spec: ContainerSpec) -> list[str]:
    """What runs: the image's algorithm, or the entry point that the request asks for instead."""
    algorithm = resolve_image(spec.image).algorithm
    if spec.entrypoint is not None or algorithm is None:
        return [*(spec.entrypoint or ()), *spec.command]
    return [sys.executable, "-m", "clary_algorithms", algorithm, *spec.command]


def compose_environment(spec: ContainerSpec, *, root: str, scratch: str, port: int | None) -> dict[str, str]:
    """The whole environment: nothing of the platform's own is inherited. ``scratch`` is its /tmp."""
    python = python_path(scratch) if runs_callers_program(spec) else str(Path(sys.executable).parent)
    threads = str(max(1, int(spec.limits.cpus))) if spec.limits.cpus else None
    return {
        "PATH": f"{python}:{_SYSTEM_PATH}",
        "LANG": "C.UTF-8",
        "HOME": "/root",
        "HOSTNAME": spec.hostname,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CLARY_ML_ROOT": root,
        **_user_packages(),
        **(dict.fromkeys(_THREAD_VARIABLES, threads) if threads else {}),
        **resolve_image(spec.image).environment,
        **spec.environment,
        **({"SAGEMAKER_BIND_TO_PORT": str(port), "CLARY_BIND_HOST": "127.0.0.1"} if port else {}),
    }


def _user_packages() -> Mapping[str, str]:
    """Where ``pip install --user`` put packages, which Python would look for under the sandbox's HOME."""
    import site

    return {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}


def lay_out_mounts(mounts: tuple[Mount, ...], *, link: Path) -> None:
    """Show mounts without a sandbox: ``link`` stands for ``/opt/ml``, deeper mounts are links in it."""
    by_depth = sorted(mounts, key=lambda mount: Path(mount.target).parts)
    roots = [mount for mount in by_depth if mount.target == "/opt/ml"]
    if roots:
        link.symlink_to(roots[0].source)
    else:
        link.mkdir()
    for mount in by_depth:
        if mount.target == "/opt/ml" or not Path(mount.target).is_relative_to("/opt/ml"):
            continue
        place = link / Path(mount.target).relative_to("/opt/ml")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place) if not any(place.iterdir()) else _refuse(place)
        if not place.is_symlink():
            place.symlink_to(mount.source)


def _refuse(place: Path) -> None:
    raise PlatformFault(f"{place} is not empty, so another folder cannot be shown there")
