"""Clary: the SageMaker API, executed on your own machine."""

__version__ = "0.1.0"
