"""``python -m clary.cli`` is ``clary``."""

from clary.cli import main

main()
