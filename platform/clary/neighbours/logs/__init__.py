"""CloudWatch Logs over the platform's log files: groups, streams, events."""
