"""Which value a name has at a task: Ansible's order of precedence, rendered only when it is asked for.

A variable may be a template over other variables; each is rendered where it is used, as in Ansible, so that one which
nobody uses cannot fail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from storefleet.model.base import Json
from storefleet.playbook.lookups import Lookups
from storefleet.templating import engine, whole_file
from storefleet.templating.filters import TemplateFault, UndefinedName
from storefleet.templating.unknown import FactsDue, NotYetKnown, Unknown

OMIT = "__omit_place_holder__"
"""What an argument is set to that shall count as not given."""

MAX_RANGE = 10_000

Layer = Mapping[str, object]


class Data(dict[str, object]):
    """Names whose values are taken as they are: what a device said is never a template."""


@dataclass
class HostScope:
    """What is known of one host, from the weakest to the strongest.

    ``roots`` are our own words (store, host, intended), ``inventory`` group_vars and host_vars, ``facts`` what was
    read of the host, ``None`` before that; ``loaded`` comes from include_vars, ``found`` from register and set_fact.
    """

    roots: Data
    inventory: Layer = field(default_factory=dict)
    magic: Layer = field(default_factory=dict)
    read_local: Callable[[str, str], bytes] | None = None
    facts: Layer | None = None
    loaded: dict[str, object] = field(default_factory=dict)
    found: Data = field(default_factory=Data)


@dataclass(frozen=True)
class Names:
    """The names that one task sees. ``layers`` stand from the strongest to the weakest."""

    host: HostScope
    layers: tuple[Layer, ...]
    _asked: tuple[str, ...] = ()

    def value(self, name: str) -> object:
        """Return the value of a name; raises ``KeyError`` where nobody defines it, :class:`TemplateFault`."""
        if name in self._asked:
            raise TemplateFault(f"{' -> '.join((*self._asked, name))}: the variable is made of itself")
        for layer in self.layers:
            if name in layer:
                raw = layer[name]
                inner = Names(self.host, self.layers, (*self._asked, name))
                return raw if isinstance(layer, Data) else inner.rendered(raw)
        return self._given(name)

    def _given(self, name: str) -> object:
        if name.startswith("ansible_") or name == "facts":
            if name in self.host.magic:
                return self.host.magic[name]
            if self.host.facts is None:
                raise FactsDue(f"{name} must be read first")
            return self.host.facts[name]
        if name in self.host.magic:
            return self.host.magic[name]
        return self._helpers()[name]

    def _helpers(self) -> Layer:
        lookups = Lookups(self, self.host.read_local)
        return {"lookup": lookups.lookup, "query": lookups.query, "q": lookups.query, "omit": OMIT, "range": _range}

    def roots(self, names: frozenset[str]) -> dict[str, object]:
        """Return the values of some names; those that nobody defines are left out."""
        found: dict[str, object] = {}
        for name in names:
            try:
                found[name] = self.value(name)
            except KeyError:
                continue
            except UndefinedName as fault:
                found[name] = engine.undefined(str(fault))
            except FactsDue:
                raise
            except NotYetKnown:
                found[name] = Unknown(name)
        return found

    def rendered(self, value: object) -> object:
        """Return a value with its templates filled in."""
        if isinstance(value, str):
            if not engine.is_template(value):
                return value
            template = engine.compile_text(value, exact=True)
            return template.render(self.roots(template.names))
        if isinstance(value, Mapping):
            return {str(self.rendered(key)): self.rendered(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.rendered(part) for part in value]
        return value

    def render(self, value: Json) -> Json:
        """Return plain data with its templates filled in; arguments that are omitted are not there."""
        done = self.rendered(value)
        _known(done)
        return _without_omitted(done)  # type: ignore[return-value]  # only plain data went in

    def file(self, text: str) -> str:
        """Return a whole file rendered; raises :class:`TemplateFault`."""
        return whole_file.render(text, self.roots(whole_file.names_in(text)))

    def holds(self, expression: str) -> bool:
        """Tell whether a bare expression is true; raises :class:`TemplateFault` where it is neither true nor false."""
        template = engine.compile_expression(expression)
        value = template.render(self.roots(template.names))
        if not isinstance(value, bool):
            kind = type(value).__name__
            raise TemplateFault(f"{expression}: true or false is due here, and this is a {kind}; `| bool` makes it one")
        return value

    def above(self, *layers: Layer) -> Names:
        """Return the same names with stronger layers in front."""
        return Names(self.host, (*layers, *self.layers), self._asked)


def _known(value: object) -> None:
    """Meet every part, so that one that is not known yet says so."""
    if isinstance(value, Unknown):
        str(value)
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _known(part)


def _without_omitted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_omitted(part) for key, part in value.items() if part != OMIT}
    if isinstance(value, list):
        return [_without_omitted(part) for part in value if part != OMIT]
    return value


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TemplateFault(f"range: more than {MAX_RANGE:,} numbers")
    return list(numbers)


class HostVars(Mapping[str, object]):
    """``hostvars``: the variables of every host of the fleet that the inventory knows, made when asked for."""

    def __init__(self, names: Collection[str], of: Callable[[str], Layer]) -> None:
        self._names, self._of = names, of

    def __getitem__(self, name: str) -> object:
        if name not in self._names:
            raise KeyError(name)
        return self._of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class HostNames(Mapping[str, object]):
    """The variables of another host, each rendered with that host's own when it is asked for."""

    def __init__(self, names: Names, known: tuple[str, ...]) -> None:
        self._names, self._known = names, known

    def __getitem__(self, name: str) -> object:
        if name not in self._known:
            raise KeyError(name)
        return self._names.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
