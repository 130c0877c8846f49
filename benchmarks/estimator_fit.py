"""The fits of the SDK benchmark, as a user writes them: ``python estimator_fit.py NUMBER`` times NUMBER."""

import sys
import time

import sagemaker
from sagemaker.estimator import Estimator

SAID = "for one second"


def main(repetitions: int) -> None:
    """Fits of a job whose container runs for a second."""
    session = sagemaker.Session()
    image = sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5")
    for _ in range(repetitions):
        estimator = Estimator(
            image,
            sagemaker.get_execution_role(),
            1,
            "ml.m5.large",
            container_entry_point=["sh", "-c"],
            container_arguments=[f"echo {SAID}; sleep 1"],
            sagemaker_session=session,
        )
        started = time.perf_counter()
        estimator.fit(logs="All")
        sys.stdout.write(f"took {time.perf_counter() - started}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
