"""The table of instance types, and limits capped at this machine."""

import botocore.session
import pytest

from clary.runtimes.instance_types import GIB, InstanceType, find_instance_type, limits
from clary.runtimes.machine import Machine, read_machine

LARGE = Machine(cpus=1024, memory=32768 * GIB)
SMALL = Machine(cpus=2, memory=3 * GIB)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml.t3.medium", InstanceType(2, 4)),
        ("ml.m4.xlarge", InstanceType(4, 16)),
        ("ml.m4.10xlarge", InstanceType(40, 160)),
        ("ml.m5.large", InstanceType(2, 8)),
        ("ml.m5.24xlarge", InstanceType(96, 384)),
        ("ml.m7i.48xlarge", InstanceType(192, 768)),
        ("ml.c4.8xlarge", InstanceType(36, 60)),
        ("ml.c5.9xlarge", InstanceType(36, 72)),
        ("ml.c5n.18xlarge", InstanceType(72, 189)),
        ("ml.r6i.32xlarge", InstanceType(128, 1024)),
        ("ml.p3.2xlarge", InstanceType(8, 61, 1)),
        ("ml.p4d.24xlarge", InstanceType(96, 1152, 8)),
        ("ml.g5.12xlarge", InstanceType(48, 192, 4)),
    ],
)
def test_types_have_what_aws_publishes(name, expected):
    assert find_instance_type(name) == expected


def test_every_type_of_the_api_model_gives_limits_within_the_machine():
    model = botocore.session.get_session().get_service_model("sagemaker")
    names: set[str] = set()
    for shape in ("TrainingInstanceType", "ProductionVariantInstanceType", "ProcessingInstanceType"):
        names.update(model.shape_for(shape).enum)
    assert len(names) > 200
    for name in names:
        found = limits(name, machine=SMALL)
        assert 0 < found.cpus <= SMALL.cpus
        assert 0 < found.memory <= SMALL.memory


def test_limits_are_the_types_where_the_machine_is_larger():
    found = limits("ml.g5.xlarge", machine=LARGE)
    assert (found.cpus, found.memory, found.gpus) == (4.0, 16 * GIB, 1)


def test_limits_are_the_machines_where_it_is_smaller():
    found = limits("ml.m5.24xlarge", machine=SMALL)
    assert (found.cpus, found.memory) == (2.0, 3 * GIB)


@pytest.mark.parametrize("name", ["ml.z9.huge", "local", "ml.g99.xlarge"])
def test_an_unknown_type_gets_the_whole_machine(name):
    found = limits(name, machine=SMALL)
    assert (found.cpus, found.memory, found.gpus) == (2.0, 3 * GIB, 0)


def test_this_machine_has_processors_and_memory():
    machine = read_machine()
    assert machine.cpus >= 1
    assert machine.memory > GIB // 4
