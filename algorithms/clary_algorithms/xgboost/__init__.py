"""Gradient boosted trees: the SageMaker XGBoost algorithm, by XGBoost itself."""
