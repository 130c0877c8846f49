"""The embedded S3 server, used where no external endpoint is set."""
