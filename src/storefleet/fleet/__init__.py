"""Driving steps over many hosts at once: deadlines, caps, streaming, and one failure never hurting another host."""
