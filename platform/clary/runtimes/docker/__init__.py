"""Containers on a Docker engine. Its modules load the Docker SDK (20 MB): ``select`` does so when needed."""
