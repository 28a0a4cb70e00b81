"""Remediation and rollback between two configurations of a router, by hier_config under rules that are our own data.

The drivers of the library are not taken: those of IOS and the generic one raise on FRR's repeated ``exit`` and ``!``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hier_config import HConfig, HConfigChild, WorkflowRemediation, get_hconfig
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules


class _Frr(HConfigDriverBase):
    @staticmethod
    def _instantiate_rules() -> HConfigDriverRules:
        return HConfigDriverRules.model_validate(rules())


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
    now, wanted = get_hconfig(_Frr(), running), get_hconfig(_Frr(), intended)
    work = WorkflowRemediation(now, wanted)
    return Remedy(_lines(work.remediation_config), _lines(work.rollback_config), plain(intended))


def applied(running: str, lines: tuple[str, ...]) -> str:
    """Return what runs after some lines, as far as the rules know."""
    now = get_hconfig(_Frr(), running)
    return _text(now.future(get_hconfig(_Frr(), "\n".join(lines))))


def plain(text: str) -> str:
    """Return a configuration without what only frames it, its sections in one order, since FRR's own means nothing."""
    return _text(get_hconfig(_Frr(), text))


def _lines(config: HConfig) -> tuple[str, ...]:
    return tuple(_indented(child.depth(), child.text) for child in config.all_children_sorted())


def _text(config: HConfig) -> str:
    return "\n".join(sorted(map(_section, config.children)))


def _section(child: HConfigChild) -> str:
    own = _indented(child.depth(), child.text)
    return "\n".join([own, *sorted(map(_section, child.children))])


def _indented(depth: int, text: str) -> str:
    return " " * (depth - 1) + text
