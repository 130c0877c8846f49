"""Readers and writers of the data formats that training channels and requests come in."""
