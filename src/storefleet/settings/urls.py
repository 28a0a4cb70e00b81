"""The address of a database as a person may see it: without anything that could be a secret."""

from __future__ import annotations

import re
from urllib.parse import unquote

_LOGIN = re.compile(r"(://[^:/@?#]*:)(?:[^?]*|.*)@", re.DOTALL)
"""A login with a password. One that holds ``/``, ``@`` or ``?`` is hidden too, though it should have been quoted."""

_PART = re.compile(r"([?&;])([^=&;]*)=([^&;]*)")

_HARMLESS = frozenset(
    {
        "host", "hostaddr", "port", "dbname", "user", "passfile", "service", "application_name", "client_encoding",
        "connect_timeout", "channel_binding", "gssencmode", "krbsrvname", "load_balance_hosts", "require_auth",
        "sslmode", "sslnegotiation", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "sslsni",
        "ssl_min_protocol_version", "ssl_max_protocol_version", "requirepeer", "target_session_attrs", "keepalives",
        "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "mode", "uri", "timeout",
    }
)  # fmt: skip


def harmless(key: str) -> bool:
    """Tell whether the value of a query key is known to hold no secret; of a key that nobody knows, it may."""
    return key in _HARMLESS


def masked_url(url: str) -> str:
    """Return the URL with ``***`` for its password and for the value of every query key not known as harmless."""
    return _PART.sub(_masked_part, _LOGIN.sub(r"\1***@", url))


def _masked_part(part: re.Match[str]) -> str:
    mark, key, _ = part.groups()
    return part.group() if harmless(unquote(key)) else f"{mark}{key}=***"
