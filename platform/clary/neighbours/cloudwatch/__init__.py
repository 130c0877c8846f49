"""CloudWatch metrics: reads the series that the platform's own resources write."""
