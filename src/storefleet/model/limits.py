"""How long and how much one host may cost."""

from __future__ import annotations

from storefleet.model.base import Value


class Limits(Value, frozen=True):
    """Deadlines in seconds for each phase of a connection, caps on what runs at once, and how often to ask again.

    ``retries`` are whole rounds over the hosts that did not answer, ``retry_after_s`` the pause before the first.
    """

    tcp_s: float = 5.0
    banner_s: float = 10.0
    login_s: float = 15.0
    keepalive_s: int = 15
    host_s: float = 180.0
    workers: int = 50
    per_store: int = 2
    per_jump: int = 20
    connects_per_second: float = 50.0
    retries: int = 0
    retry_after_s: float = 60.0
