"""What storefleet is measured against; each runs as a process of its own, in the environment `.venv-bench`."""
