"""The protocols of the AWS wire: each reads a request by the input shape and writes the answer by the output shape."""
