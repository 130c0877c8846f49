"""What a job leaves in S3: the model of all its hosts, and their output data."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from clary.objects.artifacts import folder_is_empty, upload_archive, upload_folder
from clary.objects.tree import Node, walk
from clary.resources.training_job.layout import HostFolder
from clary.resources.training_job.run import TrainingRun


def upload(run: TrainingRun) -> dict[str, dict[str, str]]:
    """Upload model and output of all hosts; returns the ModelArtifacts member."""
    model = _gather(run, "model", lambda folder: folder.model)
    if (run.spec["OutputDataConfig"].get("CompressionType") or "GZIP") == "NONE":
        target = run.output.join("model")
        upload_folder(run.s3, model, target)
        artifacts = f"{target}/"
    else:
        target = run.output.join("model.tar.gz")
        upload_archive(run.s3, model, target)
        artifacts = str(target)
    upload_output(run)
    return {"ModelArtifacts": {"S3ModelArtifacts": artifacts}}


def upload_output(run: TrainingRun) -> None:
    """Upload what the hosts left in /opt/ml/output/data, where there is any."""
    output = _gather(run, "output", lambda folder: folder.output_data)
    if not folder_is_empty(output):
        upload_archive(run.s3, output, run.output.join("output.tar.gz"))


def _gather(run: TrainingRun, name: str, part: Callable[[HostFolder], Path]) -> Path:
    if len(run.hosts) == 1:
        return part(run.host_folder(run.hosts[0]))
    gathered = run.folder / f"gathered-{name}"
    shutil.rmtree(gathered, ignore_errors=True)
    gathered.mkdir()
    _merge(gathered, (part(run.host_folder(host)) for host in run.hosts))
    return gathered


def _merge(target: Path, sources: Iterable[Path]) -> None:
    """Link what all hosts wrote into one folder; where two wrote the same path, the first host's stays."""
    folders, taken = {""}, {""}
    for source in sources:
        for node in walk(source):
            # Below a path that an earlier host made a link, nothing is written: it could lead anywhere.
            if node.name.rpartition("/")[0] in folders and node.name not in taken:
                _place(node, source, target)
                taken.add(node.name)
                if node.is_folder:
                    folders.add(node.name)


def _place(node: Node, source: Path, target: Path) -> None:
    place = target / node.name
    if node.is_folder:
        place.mkdir()
    elif node.target is not None:
        place.symlink_to(node.target)
    elif node.is_file:
        place.hardlink_to(source / node.name)
