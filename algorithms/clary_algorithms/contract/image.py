"""Which image a container stands in for: an algorithm's behaviour depends on the version that was asked for."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Image:
    """Repository and tag of the image URI, such as ``sagemaker-xgboost`` and ``1.7-1``; empty where unknown."""

    repository: str = ""
    tag: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        return cls(os.environ.get("CLARY_IMAGE_REPOSITORY", ""), os.environ.get("CLARY_IMAGE_TAG", ""))
