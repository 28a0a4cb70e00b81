"""Effective settings, and where each came from."""
