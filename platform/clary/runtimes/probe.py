"""What this machine offers for running containers, and how to mend what it doesn't: for ``clary doctor``."""

from dataclasses import dataclass
from importlib.util import find_spec

from clary.runtimes.engine_probe import find_engine_url, try_engine
from clary.runtimes.process.isolation import Isolation, try_isolation
from clary.runtimes.process.view import find_algorithms


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: whether ``subject`` works, what was seen, and what to do where it doesn't (None: nothing)."""

    subject: str
    works: bool
    detail: str
    remedy: str | None = None


def probe() -> list[Finding]:
    """Try everything that the runtimes rest on; really starts a sandbox and calls the engine."""
    return [_probe_docker(), *_probe_isolation(), _probe_algorithms()]


def _probe_docker() -> Finding:
    problem = try_engine()
    if problem is None:
        return Finding("Docker engine", works=True, detail=f"answers at {find_engine_url()}")
    remedy = (
        "Needed for custom images only: install Docker and start it; its user must be in the group `docker`."
    )
    return Finding("Docker engine", works=False, detail=problem, remedy=remedy)


def _probe_isolation() -> list[Finding]:
    ways = {way: try_isolation(way) for way in (Isolation.BUBBLEWRAP, Isolation.USER_NAMESPACE)}
    usable = [way for way, problem in ways.items() if problem is None]
    remedies = {
        Isolation.BUBBLEWRAP: "Install the package `bubblewrap` (apt, dnf, pacman, apk).",
        Isolation.USER_NAMESPACE: "Allow unprivileged user namespaces: "
        "`sysctl kernel.unprivileged_userns_clone=1` (Debian), "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu 24.04 and later).",
    }
    return [
        Finding(
            f"Isolation of processes by {way}",
            works=problem is None,
            detail=problem or "works",
            remedy=None if problem is None or usable else remedies[way],
        )
        for way, problem in ways.items()
    ]


def _probe_algorithms() -> Finding:
    missing = [name for name in ("numpy", "scipy", "pyarrow", "xgboost") if find_spec(name) is None]
    if find_algorithms() is None:
        missing.insert(0, "clary_algorithms")
    return Finding(
        "Built-in algorithms without Docker",
        works=not missing,
        detail=f"missing: {', '.join(missing)}" if missing else "all packages are installed",
        remedy="pip install 'clary[algorithms]'" if missing else None,
    )
