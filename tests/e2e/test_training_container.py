"""What a training container finds: its files, its environment, its neighbours, its network."""

import json

import pytest

from support.jobs import Jobs, channel, refusal
from support.waiting import wait_for

SHOW_CONFIG = "cp input/config/*.json model; env > model/env; ls -p . input/data > model/folders"


def test_the_contract_of_opt_ml(jobs: Jobs) -> None:
    hyperparameters = {
        "eta": "0.1",
        "quoted": '"train.py"',
        "json": '{"a": [1, 2]}',
        "unicode": "é ✓",
        "empty": "",
    }
    described = jobs.run(
        SHOW_CONFIG,
        HyperParameters=hyperparameters,
        Environment={"STAGE": "test", "WITH_SPACES": "a b = c"},
        InputDataConfig=[channel("train", jobs.put({"a.csv": "1,2\n"}), ContentType="text/csv")],
    )
    model = jobs.model(described)
    assert json.loads(model["hyperparameters.json"]) == hyperparameters == described["HyperParameters"]
    assert json.loads(model["inputdataconfig.json"]) == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    resources = json.loads(model["resourceconfig.json"])
    assert resources["hosts"] == ["algo-1"]
    assert resources["current_host"] == "algo-1"
    assert resources["current_instance_type"] == "ml.m5.large"
    assert resources["network_interface_name"]
    environment = dict(line.split("=", 1) for line in model["env"].splitlines() if "=" in line)
    assert environment["TRAINING_JOB_NAME"] == described["TrainingJobName"]
    assert environment["TRAINING_JOB_ARN"] == described["TrainingJobArn"]
    assert environment["STAGE"] == "test"
    assert environment["WITH_SPACES"] == "a b = c"
    assert environment["AWS_REGION"] == jobs.platform.region
    assert {"input/", "model/", "output/", "train/"} <= set(model["folders"].splitlines())


def test_every_host_knows_itself_and_finds_the_others(any_jobs: Jobs) -> None:
    described = any_jobs.run(
        "cp input/config/resourceconfig.json model/$CURRENT_HOST.json; hostname > model/$CURRENT_HOST.name;"
        "until getent hosts algo-1 algo-2 algo-3 > model/$CURRENT_HOST.hosts; do sleep 0.1; done;"
        "sleep 1",
        hosts=3,
    )
    model = any_jobs.model(described)
    names = ["algo-1", "algo-2", "algo-3"]
    addresses = {name: model[f"{name}.hosts"] for name in names}
    for name in names:
        resources = json.loads(model[f"{name}.json"])
        assert (resources["current_host"], resources["hosts"]) == (name, names)
        assert model[f"{name}.name"] == f"{name}\n"
        assert len({line.split()[0] for line in addresses[name].splitlines()}) == 3
    assert len(any_jobs.streams(described["TrainingJobName"])) == 3


CALL = (
    "import os,urllib.request as r\n"
    "try: print('reached', r.urlopen(os.environ['GATEWAY']+'/_clary/health', timeout=5).status)\n"
    "except OSError: print('cut off')"
)


@pytest.mark.parametrize(("isolated", "outcome"), [(False, "reached 200"), (True, "cut off")])
def test_network_isolation_cuts_the_network(any_jobs: Jobs, isolated: bool, outcome: str) -> None:
    described = any_jobs.run(
        "cp input/data/call/x.py model; GATEWAY=${AWS_ENDPOINT_URL:-$URL} python model/x.py; env",
        InputDataConfig=[channel("call", any_jobs.put({"x.py": CALL}))],
        EnableNetworkIsolation=isolated,
        Environment={"URL": any_jobs.platform.url},
    )
    lines = any_jobs.lines(described["TrainingJobName"])
    assert outcome in lines
    assert any(line.startswith("AWS_SECRET_ACCESS_KEY=") for line in lines) is not isolated
    assert described["EnableNetworkIsolation"] is isolated


def test_hosts_of_an_isolated_job_still_find_each_other(any_jobs: Jobs) -> None:
    listen = "import socket; s=socket.create_server(('', 7777)); print(s.accept()[0].recv(9))"
    send = (
        "import socket, time\nwhile True:\n"
        " try: socket.create_connection(('algo-1', 7777)).send(b'hello'); break\n"
        " except OSError: time.sleep(0.05)"
    )
    described = any_jobs.run(
        "python input/data/code/$CURRENT_HOST.py",
        hosts=2,
        InputDataConfig=[channel("code", any_jobs.put({"algo-1.py": listen, "algo-2.py": send}))],
        EnableNetworkIsolation=True,
    )
    assert any_jobs.lines(described["TrainingJobName"]) == ["b'hello'"]


def test_the_container_acts_as_its_role_until_the_job_ends(jobs: Jobs) -> None:
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    described = jobs.run(
        "env > model/env; python input/data/code/ask.py",
        InputDataConfig=[channel("code", jobs.put({"ask.py": ask}))],
    )
    (arn,) = jobs.lines(described["TrainingJobName"])
    assert arn.startswith(f"arn:aws:sts::{jobs.platform.account}:assumed-role/ClaryExecutionRole/SageMaker-")
    environment = dict(line.split("=", 1) for line in jobs.model(described)["env"].splitlines())
    stale = jobs.platform.client(
        "sts",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )
    wait_for(lambda: refusal(stale.get_caller_identity) == "InvalidClientTokenId", what="the keys' end")


def test_arguments_alone_go_to_the_images_own_entry_point(any_jobs: Jobs) -> None:
    request = any_jobs.request()
    request["AlgorithmSpecification"]["ContainerArguments"] = ["no-such-mode"]
    any_jobs.sagemaker.create_training_job(**request)
    described = any_jobs.finish(request["TrainingJobName"], status="Failed")
    assert "usage: python -m clary_algorithms" in described["FailureReason"]


def test_an_entry_point_alone_runs_without_the_word_train(any_jobs: Jobs) -> None:
    request = any_jobs.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python", "-c", "import sys; print(sys.argv)"]
    any_jobs.sagemaker.create_training_job(**request)
    any_jobs.finish(request["TrainingJobName"])
    assert any_jobs.lines(request["TrainingJobName"]) == ["['-c']"]


def test_a_program_that_the_image_lacks_fails_the_job(any_jobs: Jobs) -> None:
    request = any_jobs.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["no-such-program"]
    any_jobs.sagemaker.create_training_job(**request)
    described = any_jobs.finish(request["TrainingJobName"], status="Failed")
    assert "no-such-program" in described["FailureReason"]


def test_log_lines_can_be_read_while_the_job_runs(any_jobs: Jobs) -> None:
    name = any_jobs.create("echo first; while :; do sleep 0.1; done", hosts=2)
    wait_for(lambda: any_jobs.lines(name) == ["first", "first"], what="both hosts' first line")
    assert any_jobs.describe(name)["TrainingJobStatus"] == "InProgress"
    described = any_jobs.stop(name)
    seconds = round(described["CreationTime"].timestamp())
    assert sorted(stream.rsplit("-", 1)[0] for stream in any_jobs.streams(name)) == [
        f"{name}/algo-1",
        f"{name}/algo-2",
    ]
    for stream in any_jobs.streams(name):
        assert abs(int(stream.rsplit("-", 1)[1]) - seconds) <= 5
