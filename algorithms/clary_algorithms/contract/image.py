"""The image a container stands in for: what an algorithm writes depends on the version asked for."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Image:
    """Repository and tag of the image URI, such as ``sagemaker-xgboost`` and ``1.7-1``; empty if unknown."""

    repository: str = ""
    tag: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        return cls(os.environ.get("CLARY_IMAGE_REPOSITORY", ""), os.environ.get("CLARY_IMAGE_TAG", ""))
