"""Where containers run: one Protocol, a module each for ``process`` and ``docker``."""
