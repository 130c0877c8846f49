"""XGBoost on several hosts: processes with loopback addresses for names."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from clary_algorithms.xgboost.library import xgboost
from support.training import TrainingContainer, to_csv

FEATURES, LABELS = load_diabetes(return_X_y=True)
ROUNDS = 5
Containers = list[TrainingContainer]


@pytest.fixture
def make_hosts(make_container: Callable[..., TrainingContainer]) -> Callable[[int], Containers]:
    """Makes the containers of a job; the addresses differ from those of a test that runs at the same time."""

    def make(count: int) -> Containers:
        network = f"127.{random.randint(64, 250)}.{random.randint(1, 250)}"
        names = [f"{network}.{host}" for host in range(1, count + 1)]
        return [make_container(name, hosts=names, current=name) for name in names]

    return make


def run_together(hosts: Sequence[TrainingContainer], *, succeed: bool = True) -> list[str]:
    processes = [host.start() for host in hosts]
    logs = [process.communicate(timeout=120)[0] for process in processes]
    assert all((process.returncode == 0) is succeed for process in processes), "\n".join(logs)
    return logs


def share(hosts: Sequence[TrainingContainer], channel: str, parts: Sequence[slice | None]) -> None:
    for host, part in zip(hosts, parts, strict=True):
        files = {} if part is None else {"part.csv": to_csv(FEATURES[part], LABELS[part])}
        host.add_channel(channel, "text/csv", files, S3DistributionType="ShardedByS3Key")


def root_mean_square_error(host: TrainingContainer) -> float:
    booster = xgboost.Booster()
    booster.load_model(bytearray((host.model / "xgboost-model").read_bytes()))
    errors = booster.predict(xgboost.DMatrix(FEATURES)) - LABELS
    return float(np.sqrt(np.mean(np.square(errors))))


def test_hosts_train_one_model_on_all_rows(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [slice(0, 200), slice(200, 400)])
    share(hosts, "validation", [slice(400, 420), slice(420, None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS, "max_depth": 3, "eval_metric": "mae,rmse"})
    first, second = run_together(hosts)
    assert [path.name for path in hosts[0].model.iterdir()] == ["xgboost-model"]
    assert list(hosts[1].model.iterdir()) == []
    assert first.count("#011validation-rmse:") == ROUNDS
    assert "#011" not in second
    assert "Distributed node training with 2 hosts" in first
    whole = xgboost.train({"max_depth": 3}, xgboost.DMatrix(FEATURES[:400], LABELS[:400]), ROUNDS)
    errors = whole.predict(xgboost.DMatrix(FEATURES)) - LABELS
    assert root_mean_square_error(hosts[0]) == pytest.approx(float(np.sqrt(np.mean(errors**2))), rel=0.05)


def test_hosts_without_data_take_no_part(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(4)
    share(hosts, "train", [None, slice(0, 200), None, slice(200, None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS})
    logs = run_together(hosts)
    assert [len(list(host.model.iterdir())) for host in hosts] == [0, 1, 0, 0]
    assert "will not be used in distributed training" in logs[0]
    assert logs[1].count("#011train-rmse:") == ROUNDS


def test_one_host_with_data_trains_alone(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [None, slice(None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS})
    run_together(hosts)
    assert [len(list(host.model.iterdir())) for host in hosts] == [0, 1]


def test_no_host_with_data_fails_the_job(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [None, None])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS})
    run_together(hosts, succeed=False)
    assert hosts[0].failure.startswith("ClientError: No data in training channel path")


def test_hosts_resume_from_the_masters_checkpoint(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [slice(0, 220), slice(220, None)])
    for host in hosts:
        (host.root / "checkpoints").mkdir()
        host.add_hyperparameters({"num_round": 3})
    run_together(hosts)
    assert list((hosts[1].root / "checkpoints").iterdir()) == []
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS})
    log, _ = run_together(hosts)
    assert "Resuming from iteration 3" in log
    assert log.count("#011train-rmse:") == ROUNDS - 3


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failing_host_fails_the_others(make_hosts: Callable[[int], Containers], failing: int) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [slice(0, 220), slice(220, None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS, "objective": "count:poisson"})
    hosts[failing].add_channel("train", "text/csv", {"part.csv": b"-1" + b",0" * 10 + b"\n"})
    run_together(hosts, succeed=False)
    assert hosts[failing].failure == "ClientError: PoissonRegression: label must be nonnegative"
    assert hosts[1 - failing].failure.startswith("AlgorithmError: XGB train call failed with exception:")


def test_a_host_that_fails_takes_the_tracker_with_it(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(3)
    share(hosts, "train", [None, slice(0, 220), slice(220, None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": ROUNDS, "objective": "count:poisson"})
    hosts[2].add_channel("train", "text/csv", {"part.csv": b"-1" + b",0" * 10 + b"\n"})
    run_together(hosts, succeed=False)


def test_sigterm_ends_every_host(make_hosts: Callable[[int], Containers]) -> None:
    hosts = make_hosts(2)
    share(hosts, "train", [slice(0, 220), slice(220, None)])
    for host in hosts:
        host.add_hyperparameters({"num_round": 1_000_000, "save_model_on_termination": "true"})
    processes = [host.start() for host in hosts]
    assert processes[0].stdout
    for line in processes[0].stdout:
        if line.startswith("[5]"):
            break
    for process in processes:
        process.terminate()
    for process in processes:
        process.communicate(timeout=30)
    assert [process.returncode for process in processes] == [0, 0]
    assert [len(list(host.model.iterdir())) for host in hosts] == [1, 0]
