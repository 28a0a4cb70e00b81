"""audit, backup: our own gates of a playbook. One asks whether the host is as it must be, the other keeps what is."""

from __future__ import annotations

import posixpath

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import AuditHost, Inquire, StoreLocal, Wait
from storefleet.model.effects import Step, ask
from storefleet.model.findings import SEVERITIES
from storefleet.modules.base import Done, Request

_ROUTER = "command -v vtysh >/dev/null"
MOST_BYTES = 4 * 1024 * 1024


def audit(request: Request) -> Step[Done]:
    """Fail unless the host passes the named audits, or all: what is not known is no pass."""
    worst = request.choice("severity", SEVERITIES, "high")
    severities = SEVERITIES[SEVERITIES.index(worst) :][::-1]
    if not (yield from ask(Wait(0.0))):
        return Done(changed=False, why="it is judged only when the plan is made", unknown=True)
    found = yield from ask(AuditHost(tuple(request.texts("audits")), severities))
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise TaskFailed(f"the host is not as it must be: {'; '.join(found[:5])}{more}")
    return Done(changed=False, why="nothing of it is open", values={"findings": []})


def backup(request: Request) -> Step[Done]:
    """Keep files of the host in ``var/backups/HOST``: a router's running and saved configuration, else those named."""
    paths = request.texts("paths")
    for path in paths:
        if not path.startswith("/") or posixpath.normpath(path) != path:
            raise TaskFailed(f"paths: {path!r:.80} is no absolute path in its shortest spelling")
    if not (yield from ask(Wait(0.0))):
        yield from ask(StoreLocal(f"backup:{request.host}", b""))  # so that the plan knows of it
        return Done(changed=False, why="it is kept only when the plan is made", unknown=True)
    is_router = (yield from ask(Inquire(_ROUTER))).exit_status == 0
    if not paths and not is_router:
        raise TaskFailed("paths: which files are to be kept is due here, since this host is no router")
    sources = {path: f"cat {quote(path)}" for path in paths}
    if is_router and not paths:
        sources = {"running.conf": "vtysh -c 'show running-config'", "startup.conf": "vtysh -c 'show startup-config'"}
    kept = []
    for name, script in sources.items():
        output = yield from ask(Inquire(script))
        if output.exit_status != 0 or len(output.stdout) > MOST_BYTES:
            said = output.stderr.decode("utf-8", "replace").strip()[-200:]
            raise TaskFailed(f"{name} could not be read: {said or 'it is larger than 4 MiB'}")
        if (yield from ask(StoreLocal(f"backup:{request.host}/{name.lstrip('/')}", output.stdout))):
            kept.append(name)
    why = "" if kept else "what is kept is what is there"
    return Done(changed=bool(kept), why=why, values={"kept": list(kept), "backup_path": f"var/backups/{request.host}"})
