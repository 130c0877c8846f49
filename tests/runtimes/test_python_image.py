"""Programs that the caller brings: the Python that they find, and what they install into it."""

import zipfile

import pytest

PYTHON = "081325390199.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-310:1.0"
ALGORITHM = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def put_wheel(bench, name, *, version):
    """A package that tells its version, where the container finds it; its path there."""
    path = bench.ml / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"__version__ = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"$CLARY_ML_ROOT/{path.name}"


def run_shell(bench, script, *, image=PYTHON, name="one"):
    """Run a script to its end, which must be good; what it printed."""
    bench.runtime.prepare_image(image)
    before = len(bench.lines()) if bench.log.exists() else 0
    state = bench.run("sh", "-ec", script, image=image, name=name)
    lines = bench.lines()[before:]
    assert state.exit_code == 0, lines
    return lines


def test_python_comes_with_pip_and_the_usual_packages(bench):
    program = "import boto3, numpy, scipy, pyarrow, xgboost; print(numpy.ones(2).sum())"
    version, total = run_shell(bench, f"pip3 --version; python3 -c '{program}'")
    assert version.startswith("pip ")
    assert total == "2.0"


@pytest.mark.parametrize("image", [PYTHON, ALGORITHM], ids=["python", "algorithm"])
def test_a_package_is_installed_for_one_container_alone(bench, image):
    wheel = put_wheel(bench, "greeting", version="1.0")
    show = "python -c 'import greeting; print(greeting.__version__)'"
    assert run_shell(bench, f"pip install -q --no-index {wheel}; {show}", image=image)[-1] == "1.0"
    other = run_shell(bench, f"{show} 2>&1 || true", image=image, name="two")
    assert other[-1] == "ModuleNotFoundError: No module named 'greeting'"


def test_an_installed_version_wins_over_the_one_that_was_there(bench):
    wheel = put_wheel(bench, "scipy", version="99.0")
    show = "python -c 'import scipy; print(scipy.__version__)'"
    assert run_shell(bench, f"pip install -q --no-index --no-deps {wheel}; {show}")[-1] == "99.0"


def test_arguments_alone_are_the_program_of_an_image_that_has_none(bench):
    bench.runtime.prepare_image(PYTHON)
    name = bench.start(entrypoint=None, command=("python3", "-c", "print('mine')"), image=PYTHON)
    assert (bench.finish(name).exit_code, bench.lines()) == (0, ["mine"])
