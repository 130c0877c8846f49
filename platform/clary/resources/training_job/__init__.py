"""Training jobs: request rules, the container's /opt/ml, the step that runs a job, and what comes of it.

Source: Amazon SageMaker API Reference, CreateTrainingJob; Developer Guide, "How Amazon SageMaker Provides
Training Information" and "How Amazon SageMaker Processes Training Output".
"""
