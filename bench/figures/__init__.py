"""What is measured: one module per kind of figure, each a function from the stage to lines of the table."""

from __future__ import annotations

from collections.abc import Callable

from bench.figures.floor import floor, thin
from bench.figures.lines import latency, lines
from bench.figures.others import ansible, netmiko, pyinfra
from bench.figures.playbook import with_ansible, with_pyinfra
from bench.figures.scale import inventory, streamed
from bench.stage import Stage
from bench.table import Figure

FIGURES: dict[str, Callable[[Stage], list[Figure]]] = {
    "floor": floor,
    "thin": thin,
    "ansible": ansible,
    "pyinfra": pyinfra,
    "netmiko": netmiko,
    "lines": lines,
    "latency": latency,
    "playbook-pyinfra": with_pyinfra,
    "playbook-ansible": with_ansible,
    "inventory": inventory,
    "streamed": streamed,
}

TOGETHER = {"playbook": ("playbook-pyinfra", "playbook-ansible")}
"""Figures that are asked for under one name."""
