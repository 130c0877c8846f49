"""Containers on a Docker engine. Importing its modules loads the Docker SDK (20 MB): ``select`` does so when needed."""
