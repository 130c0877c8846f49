"""The fit of the training benchmark in a bare process: ``python bare_fit.py DATA.csv MODEL``."""

import sys

import numpy as np
import xgboost


def main(data: str, model: str) -> None:
    """Fifty rounds on a CSV with the label first."""
    rows = np.loadtxt(data, delimiter=",", dtype=np.float32)
    matrix = xgboost.DMatrix(rows[:, 1:], rows[:, 0])
    parameters = {"objective": "reg:squarederror", "max_depth": 6}
    xgboost.train(
        parameters, matrix, num_boost_round=50, evals=[(matrix, "train")], verbose_eval=False
    ).save_model(model)


if __name__ == "__main__":
    main(*sys.argv[1:])
