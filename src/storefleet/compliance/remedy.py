"""Remediation and rollback between two configurations of a router, by hier_config under rules that are our own data.

The drivers of the library are not taken: those of IOS and the generic one raise on FRR's repeated ``exit`` and ``!``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hier_config import HConfig, HConfigChild
    from hier_config.platforms.driver_base import HConfigDriverBase


@cache
def _frr() -> type[HConfigDriverBase]:
    """Return the driver. The library comes in with its first use: it is a tenth of a second of imports."""
    from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules  # noqa: PLC0415 - as said

    class Frr(HConfigDriverBase):
        @staticmethod
        def _instantiate_rules() -> HConfigDriverRules:
            return HConfigDriverRules.model_validate(rules())

    return Frr


def _config(text: str) -> HConfig:
    from hier_config import get_hconfig  # noqa: PLC0415 - a tenth of a second of imports

    return get_hconfig(_frr()(), text)


@cache
def rules() -> dict[str, object]:
    """Return the rules as data."""
    text = resources.files("storefleet.compliance").joinpath("frr.json").read_text(encoding="utf-8")
    found: dict[str, object] = json.loads(text)
    return found


@dataclass(frozen=True)
class Remedy:
    """The lines that lead from the running configuration to the wanted one, those that lead back, and what will run."""

    lines: tuple[str, ...]
    rollback: tuple[str, ...]
    predicted: str


def remedy(running: str, intended: str) -> Remedy:
    """Propose how to get from one configuration to another; only a proposal, until the router was read back."""
    from hier_config import WorkflowRemediation  # noqa: PLC0415 - a tenth of a second of imports

    now, wanted = _config(running), _config(intended)
    work = WorkflowRemediation(now, wanted)
    return Remedy(_lines(work.remediation_config), _lines(work.rollback_config), plain(intended))


def applied(running: str, lines: tuple[str, ...]) -> str:
    """Return what runs after some lines, as far as the rules know."""
    return _text(_config(running).future(_config("\n".join(lines))))


def plain(text: str) -> str:
    """Return a configuration without what only frames it, its sections in one order, since FRR's own means nothing."""
    return _text(_config(text))


def _lines(config: HConfig) -> tuple[str, ...]:
    return tuple(_indented(child.depth(), child.text) for child in config.all_children_sorted())


def _text(config: HConfig) -> str:
    return "\n".join(sorted(map(_section, config.children)))


def _section(child: HConfigChild) -> str:
    own = _indented(child.depth(), child.text)
    return "\n".join([own, *sorted(map(_section, child.children))])


def _indented(depth: int, text: str) -> str:
    return " " * (depth - 1) + text
