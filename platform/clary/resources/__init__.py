"""SageMaker resources: one file a resource, holding its declaration, rules and step."""
