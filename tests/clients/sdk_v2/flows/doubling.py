"""What every flow trains: XGBoost learns to multiply from a table, as a notebook would set it up."""

import json
import tempfile
from pathlib import Path
from typing import Any

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

NUMBERS = [float(number) for number in range(32)]
# Trees of a leaf a row learn the table by heart.
HYPERPARAMETERS = {"num_round": 5, "eta": 1, "min_child_weight": 0, "objective": "reg:squarederror"}


def upload_table(session: sagemaker.Session, folder: str, *, factor: int = 2) -> TrainingInput:
    """A channel with rows of a number's multiple and the number."""
    with tempfile.TemporaryDirectory() as place:
        table = Path(place, "table.csv")
        table.write_text("".join(f"{factor * number},{number}\n" for number in NUMBERS))
        uri = session.upload_data(str(table), key_prefix=f"{folder}/times-{factor}")
    return TrainingInput(uri, content_type="text/csv")


def make_estimator(session: sagemaker.Session, role: str, **options: Any) -> Estimator:
    """The built-in XGBoost, ready to fit."""
    image = sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")
    estimator = Estimator(
        image, role, instance_count=1, instance_type="ml.m5.large", sagemaker_session=session, **options
    )
    estimator.set_hyperparameters(**HYPERPARAMETERS, **{"lambda": 0})
    return estimator


def report(flow: str, result: object) -> None:
    """A flow came to its end: what it found, on a line of its own."""
    print(f"\n{json.dumps({'flow': flow, 'result': result})}", flush=True)
