"""Reads and writes S3 for the platform: URIs, staging of channels, upload of artifacts; any S3 endpoint."""
