"""Playbooks: the part of Ansible's language that runs here, read with its lines, and decided host by host."""
