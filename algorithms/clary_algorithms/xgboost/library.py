"""XGBoost, as every module here imports it.

Without scikit-learn: XGBoost loads that wherever it is installed, which takes two thirds of its import time,
and nothing here needs it. And with threads that sleep while they wait: by default they spin, and where other
jobs or hosts share the processors a fit takes ten times as long.
"""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_sklearn_loaded = "sklearn" in sys.modules
if not _sklearn_loaded:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # makes an import of it fail
try:
    import xgboost
finally:
    if not _sklearn_loaded:
        del sys.modules["sklearn"]

__all__ = ["xgboost"]
