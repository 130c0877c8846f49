"""What plain xgboost makes of the same split, without any platform."""

from typing import Any

from clary.cli.demo.data import Split

ROUNDS = 40
# As a training job gets them: every value is a string.
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "logloss",
    "num_round": str(ROUNDS),
    "max_depth": "4",
    "eta": "0.2",
    "subsample": "1",
    # Version 1.7's own default, named because later versions estimate it from the data.
    "base_score": "0.5",
    "tree_method": "hist",
    "seed": "7",
}


def predict(split: Split) -> Any:
    """Probabilities for the held-out rows."""
    import xgboost

    parameters = {name: value for name, value in HYPERPARAMETERS.items() if name != "num_round"}
    train = xgboost.DMatrix(split.train_features, label=split.train_labels)
    booster = xgboost.train(parameters, train, num_boost_round=ROUNDS)
    return booster.predict(xgboost.DMatrix(split.test_features))


def score(labels: Any, probabilities: Any) -> float:
    """Area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, probabilities))
