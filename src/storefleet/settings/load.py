"""Option over environment over file over default, with every complaint at once."""

from __future__ import annotations

import difflib
import importlib.metadata
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from storefleet.documents import nodes, reader
from storefleet.documents.nodes import Node, Scalar, Source, is_null
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.documents.secrets import literal_secrets
from storefleet.errors import Complaint, InputError
from storefleet.settings.settings import Settings, assemble
from storefleet.settings.table import BY_NAME, PREFIX, SECTIONS, SETTINGS, Setting

FILE = "storefleet.yaml"


def load_settings(
    folder: Path, environ: Mapping[str, str], options: Mapping[str, object] | None = None, version: str | None = None
) -> Settings:
    """Return the effective settings of a fleet folder.

    ``options`` are by dotted name (``network.workers``); one that is ``None`` was not given. The file's ``requires``
    is checked before anything else of it is read, since an older version cannot know what a newer one may say.
    """
    node = reader.read(folder / FILE, FILE) if (folder / FILE).exists() else None
    _check_requires(node, version if version is not None else _own_version())
    gathered = _Gathered()
    if node is not None:
        gathered.secrets(node)
        gathered.file(node)
    gathered.environment(environ)
    gathered.options(options or {})
    if gathered.complaints:
        raise InputError(gathered.complaints)
    values: dict[str, Any] = {setting.name: setting.default for setting in SETTINGS} | gathered.values
    if values["fleet"] is None:
        values["fleet"] = _name_of(folder)
    sources = {setting.name: gathered.sources.get(setting.name, "default") for setting in SETTINGS}
    return assemble(values, sources)


def var_owner(folder: Path) -> Ownership:
    """Return whose ``var/`` is, for one who cannot stop to complain: ours alone where the settings cannot be read."""
    try:
        return Ownership.of(load_settings(folder, os.environ).var_group)
    except (InputError, OSError):
        return PRIVATE


@dataclass(slots=True)
class _Gathered:
    """Values and sources so far; what is read later wins."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def secrets(self, node: Node) -> None:
        self.complaints.extend(literal_secrets(node))

    def file(self, node: Node) -> None:
        for name, words, source in self._leaves("", node):
            self._take(BY_NAME[name], words, f"{FILE}:{source.line}", source)

    def environment(self, environ: Mapping[str, str]) -> None:
        known = {setting.variable: setting for setting in SETTINGS if setting.variable}
        heads = tuple(f"{PREFIX}{section.upper()}_" for section in SECTIONS if "." not in section)
        for variable in sorted(environ):
            setting = known.get(variable)
            if setting is not None:
                self._take(setting, _words(environ[variable]), f"environment {variable}", Source(variable, 0))
            elif variable.startswith(heads):
                hint = _near(variable, [name for name in known if name])
                self.complaints.append(Complaint(variable, 0, f"there is no such setting{hint}"))

    def options(self, options: Mapping[str, object]) -> None:
        for name, value in options.items():
            if value is None:
                continue
            words = list(map(str, value)) if isinstance(value, list | tuple) else [str(value)]
            self._take(BY_NAME[name], words, "option", Source(f"option {name}", 0))

    def _take(self, setting: Setting, words: Sequence[str], shown: str, source: Source) -> None:
        try:
            self.values[setting.name] = setting.parse(words)
            self.sources[setting.name] = shown
        except ValueError as fault:
            self.complaints.append(Complaint(source.path, source.line, f"{setting.name}: {fault}"))

    def _leaves(self, above: str, node: Node) -> Iterator[tuple[str, list[str], Source]]:
        """Yield every known leaf of the file; keys that mean nothing are complained about."""
        if not isinstance(node, nodes.Mapping):
            self._complain(node.source, f"{above or 'the settings'}: a mapping is due here")
            return
        for key, value in node.entries:
            name = f"{above}.{key.text}" if above else key.text
            if name in SECTIONS:
                yield from self._leaves(name, value)
            elif name not in BY_NAME:
                self._complain(key.source, f"there is no setting {name!r}{_near(name, [*BY_NAME, *SECTIONS])}")
            elif isinstance(value, Scalar) and not is_null(value):
                yield name, [value.text], value.source
            elif isinstance(value, nodes.Sequence) and all(isinstance(item, Scalar) for item in value.items):
                yield name, [item.text for item in value.items if isinstance(item, Scalar)], value.source
            else:
                self._complain(key.source, f"{name}: a value is due here; remove the line to take the default")

    def _complain(self, source: Source, message: str) -> None:
        self.complaints.append(Complaint(source.path, source.line, message))


def _check_requires(node: Node | None, version: str | None) -> None:
    if not isinstance(node, nodes.Mapping):
        return
    for key, value in node.entries:
        if key.text != "requires" or not isinstance(value, Scalar):
            continue
        product, _, wanted = value.text.partition(" ")
        try:
            allowed = SpecifierSet(wanted.replace(" ", ""))
        except InvalidSpecifier:
            allowed = None
        if product != "storefleet" or allowed is None:
            message = f'requires: write it as "storefleet >=0.4,<0.5", not {value.text!r}'
            raise InputError([Complaint(FILE, value.source.line, message)])
        if version is not None and not allowed.contains(version, prereleases=True):
            message = f"requires: this is storefleet {version}, and the fleet asks for {wanted}; nothing else was read"
            raise InputError([Complaint(FILE, value.source.line, message)])


def _own_version() -> str | None:
    try:
        return importlib.metadata.version("storefleet")
    except importlib.metadata.PackageNotFoundError:
        return None


def _words(value: str) -> list[str]:
    return [part.strip() for part in value.split(",")] if "," in value else [value.strip()]


def _near(wrong: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(wrong, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _name_of(folder: Path) -> str:
    name = folder.resolve().name
    return (
        name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() and name[0].isalnum() else "fleet"
    )
