"""``clary demo``: the main job on real data, through plain boto3."""
