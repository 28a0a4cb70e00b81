"""The variables of the hosts of a fleet, as every playbook of one folder sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.model.base import Json
from storefleet.model.store import Host, template_roots
from storefleet.playbook.inventory_vars import group_vars, host_vars
from storefleet.playbook.scope import Data, HostNames, HostScope, HostVars, Layer, Names
from storefleet.playbook.sources import Sources, sources_of
from storefleet.workflows.workspace import Workspace


@dataclass(frozen=True)
class Variables:
    """What is known of each host before it is asked: our own words, and the variables beside a playbook."""

    workspace: Workspace
    sources: Sources
    _of_host: dict[str, Mapping[str, Json]] = field(default_factory=dict, repr=False)
    _of_group: dict[str, Mapping[str, Json]] = field(default_factory=dict, repr=False)

    def of(self, host: Host) -> Mapping[str, Json]:
        """Return the variables of the host's groups and its own; raises :class:`InputError`."""
        if host.name not in self._of_host:
            groups = ["all", *self.groups_of(host)]
            for group in groups:
                if group not in self._of_group:
                    self._of_group[group] = group_vars(self.sources, group)
            merged = {name: value for group in groups for name, value in self._of_group[group].items()}
            self._of_host[host.name] = {**merged, **host_vars(self.sources, host.name)}
        return self._of_host[host.name]

    def groups_of(self, host: Host) -> list[str]:
        """Return the groups of a host, the weakest first: region, format, platform, role, Nornir's groups, store."""
        store = self.workspace.store(host)
        names = [store.region, store.format, host.platform, host.role, *sorted(host.groups), host.store]
        return [name for name in dict.fromkeys(names) if name]

    @cached_property
    def groups(self) -> Mapping[str, Json]:
        """Return all groups with the names of their hosts."""
        found: dict[str, list[Json]] = {"all": []}
        for host in self.workspace.fleet.hosts.values():
            for group in ("all", *self.groups_of(host)):
                found.setdefault(group, []).append(host.name)
        return dict[str, Json](found)

    def scope(self, host: Host) -> HostScope:
        """Return what is known of the host before it is asked."""
        roots = Data(template_roots(host, self.workspace.store(host)))
        return HostScope(
            roots=roots,
            inventory=self.of(host),
            magic=self._always(host),
            read_local=self.sources.read,
        )

    def _always(self, host: Host) -> Layer:
        return {
            "inventory_hostname": host.name,
            "inventory_hostname_short": host.name.partition(".")[0],
            "group_names": self.groups_of(host),
            "groups": self.groups,
            "hostvars": HostVars(self.workspace.fleet.hosts, self._of_another),
            "ansible_check_mode": False,
            "ansible_managed": "Ansible managed",
            "playbook_dir": "playbooks",
        }

    def _of_another(self, name: str) -> Layer:
        host = self.workspace.fleet.hosts[name]
        scope = self.scope(host)
        scope.facts = Data()
        names = (*self.of(host), "inventory_hostname", "group_names")
        return HostNames(Names(scope, (scope.inventory, scope.roots)), names)

    def names(self, host: Host) -> Names:
        """Return the names that a text sees which is not part of a playbook."""
        scope = self.scope(host)
        return Names(scope, (scope.inventory, scope.roots))


def fleet_variables(workspace: Workspace) -> Variables:
    """Return the variables beside the playbooks of the fleet itself."""
    return Variables(workspace, sources_of(workspace.folder / "playbooks" / "x.yaml"))
