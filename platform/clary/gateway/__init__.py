"""The HTTP front: one URL for every service, the health check and the REST API."""
