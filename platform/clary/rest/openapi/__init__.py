"""The REST API's description in OpenAPI 3.1, made from botocore's models when it is asked for."""
