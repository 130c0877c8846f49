"""Endpoints: from a configuration to healthy instances that take traffic, and through every change of them.

Source: Amazon SageMaker API Reference, CreateEndpoint and UpdateEndpoint; Developer Guide, "Use Your Own
Inference Code with Hosting Services".
"""
