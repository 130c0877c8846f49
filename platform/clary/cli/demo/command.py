"""The command."""


def demo() -> None:
    """Run the main job on real data and show where the time went."""
