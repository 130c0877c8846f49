"""XGBoost, imported without scikit-learn: it loads that wherever it is installed, which takes two thirds of
its import time, and nothing here needs it."""

import sys

_sklearn_loaded = "sklearn" in sys.modules
if not _sklearn_loaded:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # makes an import of it fail
try:
    import xgboost
finally:
    if not _sklearn_loaded:
        del sys.modules["sklearn"]

xgb = xgboost

__all__ = ["xgb", "xgboost"]
