"""One line of a format and one store make one host: fields rendered, groups inherited, the way to it settled."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from storefleet.inventory.blueprint import DeviceRow
from storefleet.inventory.expansion import Expanded
from storefleet.inventory.faults import Faults
from storefleet.inventory.hostchecks import host_faults
from storefleet.inventory.lines import Fields
from storefleet.inventory.nornir_files import Groups
from storefleet.inventory.plan import holds_template, render
from storefleet.inventory.stores import StoreRow
from storefleet.model.store import Connect, Host
from storefleet.templating.filters import TemplateFault

_IN_DATA = ("credential", "change")


@dataclass(frozen=True, slots=True)
class _Recipe:
    """The fields of a device split into what is the same for every store and what is rendered for each."""

    fixed: Fields
    rendered: Fields

    @classmethod
    def of(cls, fields: Fields) -> _Recipe:
        moved = {name: value for name, value in fields.items() if name not in _IN_DATA}
        data = {name: fields[name] for name in _IN_DATA if name in fields}
        given = fields.get("data")
        if data or given:
            moved["data"] = {**(given if isinstance(given, dict) else {}), **data}
        rendered = {name: value for name, value in moved.items() if holds_template(value)}
        return cls({name: value for name, value in moved.items() if name not in rendered}, rendered)


@dataclass(frozen=True, slots=True)
class HostMaker:
    """Makes hosts; each line is taken apart once, and rendered for every store."""

    groups: Groups
    today: datetime.date
    faults: Faults
    _recipes: dict[int, tuple[DeviceRow, _Recipe]] = field(default_factory=dict)

    def make(self, row: StoreRow, expanded: Expanded, roots: Mapping[str, object]) -> Host | None:
        """Return the host, or ``None`` when it was complained about."""
        device, line, n = expanded
        recipe = self._recipe(line)
        fields: Fields = {
            "name": f"{row.id}-{device}", "store": row.id, "device": device, "n": n, "platform": "", **recipe.fixed,
        }  # fmt: skip
        try:
            fields.update(render(recipe.rendered, {**roots, "n": n, "host": fields}))  # type: ignore[arg-type]
            self._inherit(fields)
            host = msgspec.convert(fields, Host)
        except TemplateFault as fault:
            self.faults.add(line.source, f"{line.key.text}: {fault}", row.id, line.key.text)
            return None
        except msgspec.ValidationError as fault:
            self.faults.add(line.source, f"{line.key.text}: {_in_words(str(fault))}", row.id, line.key.text)
            return None
        host = self._finished(row, host)
        wrong = [*host_faults(host), *self.groups.unknown(host.groups)]
        for message in wrong:
            self.faults.add(line.source, f"{line.key.text}: {message}", row.id, message.partition(":")[0])
        return None if wrong else host

    def _inherit(self, fields: Fields) -> None:
        """Fill in what the device's groups and the defaults say: platform, port, and the groups above its groups."""
        given = fields.get("groups")
        groups = self.groups.extended(tuple(given)) if isinstance(given, list) else ()  # type: ignore[arg-type]
        if groups:
            fields["groups"] = list(groups)
        if not fields["platform"] and fields.get("connection") != "none":
            fields["platform"] = self.groups.inherited(groups, "platform") or ""
        port = self.groups.inherited(groups, "port")
        if port is not None:
            connect = fields.get("connect")
            fields["connect"] = {"port": port, **(connect if isinstance(connect, dict) else {})}

    def _recipe(self, line: DeviceRow) -> _Recipe:
        known = self._recipes.get(id(line))
        if known is None:
            known = self._recipes[id(line)] = (line, _Recipe.of(line.fields))
        return known[1]

    def _finished(self, row: StoreRow, host: Host) -> Host:
        """Put the store's jump before every host but itself, and a repair whose day has passed back into service.

        A line that writes ``connect.host`` or ``connect.via`` says itself how the device is reached: no jump is added.
        """
        jump = row.columns["jump"]
        own_way = host.connect.host is not None or host.connect.via is not None or host.connection == "none"
        if jump and jump != host.name and not own_way:
            host = msgspec.structs.replace(host, connect=Connect(None, host.connect.port, str(jump)))
        if host.status == "in_repair" and host.until and host.until < self.today.isoformat():
            host = msgspec.structs.replace(host, status="in_service", until=None)
        return host


def _in_words(message: str) -> str:
    """Turn msgspec's complaint about one field into ours: the field first, then what is due."""
    what, _, place = message.partition(" - at `$.")
    words = {
        "Expected `int`, got `str`": "a whole number is due; a port is a template of exactly one expression",
        "Object missing required field `role`": "role: is missing; name a kind: or a role:",
    }
    return f"{place.rstrip('`')}: {words.get(what, what)}" if place else words.get(what, what)
