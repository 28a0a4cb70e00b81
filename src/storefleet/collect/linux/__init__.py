"""The collector of Linux hosts: one POSIX ``sh`` script for Debian and BusyBox, and its parsers."""
