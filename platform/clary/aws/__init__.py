"""The AWS wire: botocore's models drive parsing, validation, serialisation and errors. Nothing of ML."""
