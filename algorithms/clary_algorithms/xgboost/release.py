"""The XGBoost release that an image URI asks for: what it writes and what its defaults were depend on it."""

import re
from dataclasses import dataclass
from typing import Self

from clary_algorithms.contract.image import Image


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """An upstream release, ``major.minor``. The installed library does the work for every one."""

    major: int
    minor: int

    @classmethod
    def of(cls, image: Image) -> Self:
        """``xgboost:1`` and ``:latest`` are 0.72; ``sagemaker-xgboost`` tags start with the release.

        A tag that names none means the newest.
        """
        if image.repository.rpartition("/")[2] == "xgboost":
            return cls(0, 72)
        match = re.match(r"(\d+)\.(\d+)-\d+", image.tag)
        return cls(int(match[1]), int(match[2])) if match else cls(3, 0)

    @property
    def pickles_model(self) -> bool:
        """Whether the model file is a pickled Booster (up to 1.2) rather than XGBoost's own format."""
        return self < Release(1, 3)
