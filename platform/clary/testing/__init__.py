"""For test suites of code that uses SageMaker: a platform of the suite's own, and an account a test.

A pytest plugin: the fixtures ``clary_platform`` and ``clary_account`` are there without an import.
"""

from clary.testing.platform import ClaryAccount, ClaryPlatform

__all__ = ["ClaryAccount", "ClaryPlatform"]
