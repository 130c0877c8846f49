"""The stages of a job before its upload: prepare, train. Each may be run again after a crash."""

import logging
from concurrent.futures import ThreadPoolExecutor

from clary.kernel import clock
from clary.kernel.errors import JobError
from clary.objects.cache import Cache
from clary.objects.channels import stage_channel
from clary.resources.training_job.containers import container_name
from clary.resources.training_job.failure import failure_of
from clary.resources.training_job.follower import Follower, checkpoints_of
from clary.resources.training_job.layout import Host, hosts_with, write_config
from clary.resources.training_job.progress import ImageProgress
from clary.resources.training_job.run import TrainingRun
from clary.resources.training_job.space import find_overflow
from clary.runtimes.protocol import ContainerState, Phase

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.25
PEER_GRACE_SECONDS = 30


def prepare(run: TrainingRun) -> None:
    """Make the image ready, stage every channel for every host, write the configuration files.

    Raises :class:`JobError`, and :class:`OutOfTime` past MaxRuntimeInSeconds.
    """
    work = run.work
    if run.folder.exists():
        run.remove()  # what an earlier attempt left
    run.launch()
    run.runtime.check_image(run.image)
    run.runtime.prepare_image(run.image, report=ImageProgress(work, run.logs[run.hosts[0].name]))
    started_at = work.state.get("started_at", clock.now())
    work.enter("Downloading", "Downloading input data", state={"started_at": started_at})
    cache = Cache(work.platform.settings.folder / "cache")
    for host in run.hosts:
        _stage(run, host, cache)
    work.enter(
        "Training", "Training image download completed. Training in progress.", state={"stage": "train"}
    )


def _stage(run: TrainingRun, host: Host, cache: Cache) -> None:
    folder = run.host_folder(host)
    folder.make()
    for channel in run.spec.get("InputDataConfig") or []:
        sharers = hosts_with(channel, run.hosts)
        if host in sharers:
            stage_channel(
                run.s3,
                channel,
                folder.channel(channel["ChannelName"]),
                host_index=sharers.index(host),
                host_count=len(sharers),
                cache=cache,
                read_only=channel["InputMode"] == "FastFile" and run.runtime.keeps_read_only,
                check=run.check,
            )
    if checkpoints := checkpoints_of(run, folder):
        checkpoints.prefill()
    interface = "lo" if run.runtime.name == "process" else "eth0"
    write_config(folder, run.spec, host, run.hosts, interface=interface)


def train(run: TrainingRun) -> bool:
    """Start or adopt the containers and follow them. False where the job was stopped or this process ends.

    Raises :class:`JobError` for a container that failed, :class:`OutOfTime` past MaxRuntimeInSeconds.
    """
    follow = Follower(run)
    run.start_containers()
    while True:
        states = run.states()
        if failed := next((host for host in run.hosts if _failed(states[host.name])), None):
            raise _conclude_failure(run, follow, failed, states[failed.name])
        if all(state.phase is Phase.EXITED for state in states.values()):
            restore(run)
            follow.finish()
            return True
        if run.interrupted:
            return False
        run.check_time()
        if overflow := find_overflow(run):
            raise overflow
        follow.look()
        run.wait_any(states, WAIT_SECONDS)


def _failed(state: ContainerState) -> bool:
    return state.phase is Phase.MISSING or (state.phase is Phase.EXITED and state.exit_code != 0)


def _conclude_failure(run: TrainingRun, follow: Follower, host: Host, state: ContainerState) -> JobError:
    stop_containers(run, grace=PEER_GRACE_SECONDS)
    restore(run)
    try:
        follow.finish()
    except JobError:
        # The job fails for its own reason; a store that is away must not hide it.
        log.exception("training job %s: its checkpoints could not be saved", run.work.row.name)
    return failure_of(state, failure_file=run.host_folder(host).failure, log=run.logs[host.name])


def stop_containers(run: TrainingRun, *, grace: float) -> None:
    """TERM to all hosts at once, KILL after ``grace`` seconds."""
    names = [container_name(run.work, host) for host in run.hosts]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: run.runtime.stop(name, grace), names))
    run.states()  # looking at an ended container makes what it wrote the platform's


def restore(run: TrainingRun) -> None:
    """Make the folders of ended containers safe to read."""
    for host in run.hosts:
        run.host_folder(host).restore()
