"""AWS services that clients call beside SageMaker: one file or folder a service."""
