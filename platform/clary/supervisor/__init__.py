"""Keeps a platform's processes alive: a light parent that imports the standard library alone."""
