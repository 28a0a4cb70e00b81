"""command, shell, script, raw: what a playbook has the device run, bound by its text since nobody knows what it does.

No part of it stands in the arguments of a process of ours: it travels as text of the script that runs it.
"""

from __future__ import annotations

import shlex

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, Inquire
from storefleet.model.effects import Output, Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.placing import printed


def command(request: Request) -> Step[Done]:
    """Run a program with its arguments, without a shell in between."""
    argv = _argv(request)
    line = " ".join(quote(word) for word in argv)
    return (yield from _run(request, _program(argv[0]), " ".join(argv), f"env {line}", skips=False))


def _argv(request: Request) -> list[str]:
    if request.has("argv"):
        words = request.arguments["argv"]
        if not isinstance(words, list) or not words or request.has("cmd"):
            raise TaskFailed("argv: a list of words is due, and no cmd beside it")
        return [str(word) for word in words]
    try:
        argv = shlex.split(request.text("cmd"))
    except ValueError as fault:
        raise TaskFailed(f"cmd: {fault}") from fault
    if not argv:
        raise TaskFailed("cmd: a program is due here")
    return argv


def shell(request: Request) -> Step[Done]:
    """Run a text in a shell, the device's ``sh`` unless ``executable`` names another."""
    text = request.text("cmd")
    return (yield from _run(request, _program(text), text, _in_shell(request, text), skips=False))


def raw(request: Request) -> Step[Done]:
    """Run a text in a shell; here the same as ``shell``, since neither needs Python."""
    return (yield from shell(request))


def script(request: Request) -> Step[Done]:
    """Run a script of the fleet folder on the device."""
    words = shlex.split(request.text("cmd"))
    if not words:
        raise TaskFailed("script: the name of a file is due here")
    content = request.read_local("scripts", words[0])
    head = content.split(b"\n", 1)[0].decode("utf-8", "replace")
    interpreter = request.text("executable", default=head[2:].strip() if head.startswith("#!") else "/bin/sh")
    arguments = " ".join(quote(word) for word in words[1:])
    body = f'{_written(content)}{" ".join(quote(word) for word in interpreter.split())} "$f" {arguments}'
    return (yield from _run(request, words[0], " ".join(words), body, skips=True))


def _in_shell(request: Request, text: str) -> str:
    """Return the line that runs a text; a fault of its syntax must not be one of ours."""
    if request.has("executable"):
        return f'{_written(text.encode())}{quote(request.text("executable"))} "$f"'
    return f"eval {quote(text)}"


def _written(content: bytes) -> str:
    return f"""f=$(mktemp) || exit 1
trap 'rm -f "$f"' EXIT
{{
:
{printed(content)}}} >"$f" || exit 1
"""


def _program(text: str) -> str:
    words = text.split(None, 1)
    return words[0] if words and "=" not in words[0] else "sh"  # an assignment may hold a secret


def _run(request: Request, program: str, shown: str, body: str, *, skips: bool) -> Step[Done]:
    if (why := (yield from _not_due(request))) is not None:
        values: dict[str, Json] = {
            "cmd": shown,
            "rc": 0,
            "stdout": f"skipped, since {why}",
            "stderr": "",
            "stdout_lines": [],
        }
        return Done(changed=False, why=why, values=values, skipped=skips)
    script = _script(request, body)
    privileged = request.user != "-"
    if request.question:
        output: Output | None = yield from ask(Inquire(script, privileged=privileged, deadline_s=request.timeout_s))
    else:
        output = yield from ask(
            Alter(
                subject=f"command:{program[:80]}",
                action="run",
                script=script,
                cost="none" if request.harmless else "path",
                shown=tuple(shown.splitlines()),
                any_status=True,
                privileged=privileged,
                deadline_s=request.timeout_s,
            )
        )
    if output is None:
        sure = request.has("creates") or request.has("removes")
        return Done(changed=sure, unknown=True, why="its outcome is known only when it has run")
    return _told(output, shown)


def _not_due(request: Request) -> Step[str | None]:
    """Tell why a command need not run: what it makes is there, or what it needs is not."""
    for word, wanted in (("creates", True), ("removes", False)):
        if request.has(word):
            pattern = request.text(word)
            there = yield from _exists(request, pattern)
            if there == wanted:
                return f"{pattern} {'exists' if there else 'does not exist'}"
    return None


def _exists(request: Request, pattern: str) -> Step[bool]:
    folder = request.text("chdir", default="/")
    subject = f"file:{pattern}" if pattern.startswith("/") else f"file:{folder.rstrip('/')}/{pattern}"
    glob = "".join(one if one in "*?[]" else quote(one) for one in pattern)
    look = f"""( cd {quote(folder)} 2>/dev/null || exit 1
for p in {glob}; do [ -e "$p" ] || [ -L "$p" ] && exit 0; done
exit 1 )"""
    output = yield from ask(Inquire(look, subject))
    return output.exit_status == 0


def _script(request: Request, body: str) -> str:
    """Return the script: environment, folder, standard input, and whom it runs as."""
    lines = [f"export {name}={quote(value)}" for name, value in sorted(_environment(request).items())]
    if request.has("chdir"):
        lines.append(f"cd {quote(request.text('chdir'))} || exit 1")
    inner = "\n".join([*lines, body])
    if request.has("stdin"):
        end = "\\n" if request.flag("stdin_add_newline", default=True) else ""
        whole = f"printf '%s{end}' {quote(request.text('stdin'))} | (\n{inner}\n)"
    else:
        whole = f"(\n{inner}\n) </dev/null"
    if request.user in ("", "-", "root"):
        return whole
    return f"printf '%s\\n' {quote(whole)} | su -s /bin/sh {quote(_account(request.user))}"


def _environment(request: Request) -> dict[str, str]:
    for name in request.environment:
        if not name.replace("_", "a").isalnum() or not name.isascii() or name[0].isdigit():
            raise TaskFailed(f"environment: {name!r:.40} cannot be the name of a variable")
    return dict(request.environment)


def _account(name: str) -> str:
    if not name.replace("-", "a").replace("_", "a").replace(".", "a").isalnum() or name.startswith("-"):
        raise TaskFailed(f"become_user: {name!r:.40} is no account")
    return name


def _told(output: Output, shown: str) -> Done:
    out, err = (part.decode("utf-8", "replace").rstrip("\r\n") for part in (output.stdout, output.stderr))
    status = output.exit_status
    values: dict[str, Json] = {
        "cmd": shown,
        "rc": status,
        "stdout": out,
        "stderr": err,
        "stdout_lines": list(out.splitlines()),
        "stderr_lines": list(err.splitlines()),
    }
    if status == 0:
        return Done(changed=True, values=values)
    last = (err or out).splitlines()[-1:]
    why = f"non-zero return code: {status}" + (f": {last[0][:300]}" if last else "")
    return Done(changed=True, values=values, failed=why)
