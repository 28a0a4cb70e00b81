"""The practice fleet: a small retail chain of real parts on one Linux machine, to rehearse, show and test on."""

from storefleet.lab.lab import Lab

__all__ = ["Lab"]
