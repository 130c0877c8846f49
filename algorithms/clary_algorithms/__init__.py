"""The built-in algorithms, and the container contract that they share."""
