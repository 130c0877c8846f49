"""The plain REST API under ``/api/v1``: the AWS wire's own operations, for curl and the console."""

ROOT = "/api/v1"
