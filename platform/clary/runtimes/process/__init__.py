"""Containers without Docker: the built-in algorithms as child processes in sandboxes."""
