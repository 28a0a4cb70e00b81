"""Reaching devices: SSH sessions that ask effects of a host, and the only home of paramiko and netmiko."""
