"""wait_for, wait_for_connection, pause: let time pass, until something holds."""

from __future__ import annotations

import re

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import AwaitHost, Inquire, Wait
from storefleet.model.effects import Output, Step, ask
from storefleet.modules.base import Done, Request

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,253}")
_LATER = "it is waited for only when the plan is made"

_CONNECTS = """connects() {
  if command -v bash >/dev/null && command -v timeout >/dev/null; then
    timeout "$3" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
  elif command -v nc >/dev/null; then nc -w "$3" "$1" "$2" </dev/null >/dev/null 2>&1
  elif command -v perl >/dev/null; then
    perl -MIO::Socket::INET -e '
      my ($host, $port, $limit) = @ARGV;
      exit !IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => $limit)' \\
      "$1" "$2" "$3"
  else echo 'neither bash with timeout nor nc nor perl is there to try a port with' >&2; exit 3
  fi
}
"""


def wait_for(request: Request) -> Step[Done]:
    """Wait until a port or a path is there, or is gone; with neither, let ``timeout`` seconds pass."""
    state = request.choice("state", ("started", "present", "stopped", "absent"), "started")
    timeout, pause = request.number("timeout", 300), max(request.number("sleep", 1), 1)
    look, what = _look(request)
    regexp = _search_regex(request)
    if not (yield from ask(Wait(float(request.number("delay", 0))))):
        return Done(changed=False, why=_LATER, unknown=True)
    if not look:
        yield from ask(Wait(float(timeout)))
        return Done(changed=False, why=f"{timeout} s have passed", values={"elapsed": timeout, "state": state})
    wanted = state in ("started", "present")
    started, now, told = -1, 0, False
    while started < 0 or now - started < timeout:
        output = yield from ask(Inquire(look, deadline_s=60.0))
        now, told = _told(output, regexp)
        started = now if started < 0 else started
        if told == wanted:
            values: dict[str, Json] = {
                "elapsed": now - started,
                "state": state,
                "path": request.text("path", default=""),
            }
            return Done(changed=False, why=f"{what} is {state}", values={**values, "port": request.number("port", 0)})
        yield from ask(Wait(float(pause)))
    raise TaskFailed(request.text("msg", default=f"{what} is not {state} after {timeout} s"))


def _told(output: Output, regexp: re.Pattern[bytes] | None) -> tuple[int, bool]:
    """Return the device's clock, and whether the port answers, or the path is there and holds what is searched."""
    clock, _, rest = output.stdout.partition(b"\n")
    word, _, content = rest.partition(b"\n")
    if output.exit_status != 0 or not clock.isdigit():
        said = " ".join(output.stderr.decode("utf-8", "replace").split())[-200:]
        raise TaskFailed(f"it could not be looked for: {said or 'nothing was said'}")
    return int(clock), word == b"yes" and (regexp is None or regexp.search(content) is not None)


def _look(request: Request) -> tuple[str, str]:
    """Return the script that looks once, and in words what for; no script where nothing is named."""
    if request.has("port") == request.has("path"):
        if request.has("port"):
            raise TaskFailed("port and path exclude each other")
        return "", ""
    if request.has("path"):
        path = request.path("path")
        content = ' && cat "$p"' if request.has("search_regex") else ""
        return f'date +%s\np={quote(path)}\nif [ -e "$p" ]; then echo yes{content}; else echo no; fi', path
    host, port = request.text("host", default="127.0.0.1"), request.number("port", 0)
    limit = request.number("connect_timeout", 5)
    if not _HOST.fullmatch(host) or not 0 < port < 65536 or not 0 < limit <= 50:
        raise TaskFailed(f"a host, a port and a connect_timeout of at most 50 s are due, not {host!r:.60} and {port}")
    if request.has("search_regex"):
        raise TaskFailed("search_regex: a path is due with it; what a port says is not read")
    return (
        f"date +%s\n{_CONNECTS}if connects {quote(host)} {port} {limit}; then echo yes; else echo no; fi",
        f"{host}:{port}",
    )


def _search_regex(request: Request) -> re.Pattern[bytes] | None:
    if not request.has("search_regex"):
        return None
    try:
        return re.compile(request.text("search_regex").encode(), re.MULTILINE)
    except re.error as fault:
        raise TaskFailed(f"search_regex: not a regular expression: {fault}") from fault


def wait_for_connection(request: Request) -> Step[Done]:
    """Wait until the host can be reached anew."""
    delay, timeout = request.number("delay", 0), request.number("timeout", 600)
    yield from ask(Wait(float(delay)))
    if not (yield from ask(AwaitHost(float(timeout)))):
        return Done(changed=False, why=_LATER, unknown=True)
    return Done(changed=False, why="it answers", values={"elapsed": 0})


def pause(request: Request) -> Step[Done]:
    """Let a while pass; nobody sits there who could press a key."""
    if request.has("prompt") and not (request.has("seconds") or request.has("minutes")):
        raise TaskFailed("prompt: nobody is there to answer; name seconds or minutes")
    seconds = request.number("seconds", 0) + 60 * request.number("minutes", 0)
    if not request.has("seconds") and not request.has("minutes"):
        raise TaskFailed("seconds or minutes is due here")
    waited = yield from ask(Wait(float(max(seconds, 0))))
    return Done(changed=False, why=f"{seconds} s have passed" if waited else _LATER, values={"delta": seconds})
