"""router_config, router_command, router_save: the configuration of a router that runs FRR, read back line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from storefleet.collect.redact import strip_secrets
from storefleet.compliance import lines
from storefleet.compliance.lines import Path, Paths
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, Inquire, ReadText
from storefleet.model.effects import NONCE, Step, ask
from storefleet.modules import vtysh
from storefleet.modules.base import FALSE, Done, Request
from storefleet.modules.risk import class_of_lines

RUNNING, SAVED = "router:running-config", "router:saved-config"
MAX_LINES, MAX_LINE = 500, 400
_FRAME = re.compile(r"(exit(-\S+)?|end|quit|configure( .*)?|conf( .*)?)")
_COMMAND = re.compile(r"(do|show|write|copy|clear|debug|undebug|reload|ping|traceroute|list|find)( .*)?|no|no no .*")
_SHOW = re.compile(r"show( [A-Za-z0-9_./:,=+@-]+)+")
Save = Literal["never", "changed", "always"]


def router_config(request: Request) -> Step[Done]:
    """Have lines stand in the running configuration, and save it where that is asked for."""
    save = _save(request)
    section, wanted, exact = _wanted(request, may_be_empty=save == "always")
    running = lines.read((yield from ask(ReadText(RUNNING, vtysh.RUNNING))))
    then, todo = lines.exactly(running, section, wanted) if exact else lines.merged(running, wanted)
    if todo:
        yield from _known(todo)
        yield from ask(_change(running, then, todo))
    saved = False
    if save == "always" or (save == "changed" and todo):
        saved = yield from _saved(then)
    values: dict[str, Json] = {"commands": [vtysh.shown(path) for path in todo], "saved": saved}
    changed = bool(todo) or saved
    return Done(changed=changed, why="" if changed else "it runs as it must", values=values)


def router_save(request: Request) -> Step[Done]:
    """Save what runs, unless it is saved."""
    running = lines.read((yield from ask(ReadText(RUNNING, vtysh.RUNNING))))
    saved = yield from _saved(running)
    return Done(changed=saved, why="" if saved else "what runs is saved", values={"saved": saved})


def router_command(request: Request) -> Step[Done]:
    """Ask the command line of a router; only what shows may be asked."""
    commands = _texts(request, "commands")
    if not commands:
        raise TaskFailed("commands: a list of `show` commands is due here")
    for command in commands:
        if not _SHOW.fullmatch(command):
            raise TaskFailed(f"commands: {command!r:.80} is not on the read-only list; `show` commands are")
    script = "".join(
        f"said=$(vtysh -c '{command}' </dev/null 2>&1) || {{ printf '%s\\n' \"$said\" >&2; exit 1; }}\n"
        f"printf '%s\\n{NONCE}\\n' \"$said\"\n"
        for command in commands
    )
    output = yield from ask(Inquire(script, RUNNING, deadline_s=request.timeout_s))
    answers = output.stdout.decode("utf-8", "replace").split(f"\n{output.nonce}\n")
    if output.exit_status != 0 or not output.nonce or len(answers) != len(commands) + 1:
        said = " ".join(output.stderr.decode("utf-8", "replace").split())[-200:]
        raise TaskFailed(f"{commands[min(len(answers), len(commands)) - 1]}: the router refuses it: {said}")
    shown = [_without_secrets(answer.replace("\r", "")) for answer in answers[:-1]]
    told: list[Json] = [list[Json](text.split("\n")) for text in shown]
    return Done(changed=False, why="it was asked", values={"stdout": list[Json](shown), "stdout_lines": told})


def _without_secrets(text: str) -> str:
    return strip_secrets("\n".join(vtysh.shown((line,)) for line in text.split("\n")))


def _save(request: Request) -> Save:
    value = request.arguments.get("save")
    if value is None or str(value).lower() in FALSE | {"never"}:
        return "never"
    if value in ("changed", "always"):
        return "changed" if value == "changed" else "always"
    raise TaskFailed(f"save: false, changed or always is due here, not {value!r:.60}")


def _wanted(request: Request, *, may_be_empty: bool) -> tuple[Path, tuple[Path, ...], bool]:
    """Return the section that is meant, the lines with their sections, and whether no others may stand in it."""
    exact = request.choice("match", ("line", "exact"), "line") == "exact"
    section = tuple(_line("parents", text) for text in _texts(request, "parents"))
    if request.has("src"):
        if request.has("lines") or section or exact:
            raise TaskFailed("src: a whole text is merged; lines, parents and match: exact do not go with it")
        name = request.text("src")
        text = request.render(request.read_local("templates", name).decode())
        found = lines.ordered(text)
        return (), tuple((*path[:-1], _line(name, path[-1])) for path in found), False
    wanted = [_line("lines", text) for text in _texts(request, "lines")]
    if not wanted and not (may_be_empty and not section):
        raise TaskFailed("router_config: exactly one of lines and src is due")
    if exact and not section:
        raise TaskFailed("match: exact says what a section holds; parents names it")
    if any(line.startswith("no ") for line in section):
        raise TaskFailed("parents: a section is due here, not its removal; that is a line")
    if len(wanted) > MAX_LINES:
        raise TaskFailed(f"lines: {len(wanted)} are more than the {MAX_LINES} that one task may have")
    return section, tuple((*section, line) for line in wanted), exact


def _texts(request: Request, name: str) -> list[str]:
    """Return a list of texts; one text is one line each, for a line may hold a comma."""
    value = request.arguments.get(name)
    if value is None:
        return []
    parts = value if isinstance(value, list) else str(value).splitlines()
    if any(isinstance(part, bool | list | dict) or part is None for part in parts):
        raise TaskFailed(f"{name}: a list of texts is due here, not {value!r:.60}")
    return [str(part).strip() for part in parts if str(part).strip() and not str(part).strip().startswith("!")]


def _line(name: str, text: str) -> str:
    """Return a line as the router would print its blanks; refuse what is no line of a configuration."""
    line = " ".join(text.split())
    if not text.isprintable() or len(line) > MAX_LINE:
        raise TaskFailed(f"{name}: {text!r:.80} is not one printable line of at most {MAX_LINE} characters")
    if _FRAME.fullmatch(line):
        raise TaskFailed(f"{name}: {line} only moves between sections; parents names the section")
    if _COMMAND.fullmatch(line):
        raise TaskFailed(f"{name}: {line!r:.80} is a command and no line of a configuration")
    return line


def _known(todo: Sequence[Path]) -> Step[None]:
    """Refuse what the router does not know, and what it would take without a word and not do."""
    output = yield from ask(Inquire(vtysh.dry_run(todo)))
    said = output.stdout.decode("utf-8", "replace").splitlines()
    if output.exit_status not in (0, 3) or not said or not said[0].startswith("daemons "):
        words = " ".join(output.stderr.decode("utf-8", "replace").split())[-200:]
        raise TaskFailed(f"vtysh does not answer on this host: {words or 'nothing was said'}")
    if missing := lines.missing_daemons(todo, said[0].split()[1:]):
        path, daemon = missing[0]
        raise TaskFailed(f"{vtysh.shown(path)}: {daemon} does not run there, so this line would do nothing")
    if output.exit_status != 0:
        raise TaskFailed(" ".join(said[1:])[:400])


def _change(running: Paths, then: Paths, todo: Sequence[Path]) -> Alter:
    back = vtysh.way_back(running)
    return Alter(
        subject=RUNNING,
        action="configure",
        script=vtysh.apply(running, then, todo, back),
        cost=class_of_lines([*todo, *(then ^ running)]),
        before=lines.write(running),
        after=lines.write(then),
        shown=_difference(running, then),
        way_back=back,
        deadline_s=60.0 + len(todo),
    )


def _saved(running: Paths) -> Step[bool]:
    """Save what runs; tell whether there was anything to save."""
    saved = lines.read((yield from ask(ReadText(SAVED, vtysh.SAVED))))
    if saved == running:
        return False
    yield from ask(
        Alter(
            subject=SAVED,
            action="save",
            script=vtysh.save(saved, running),
            cost="config",
            before=lines.write(saved),
            after=lines.write(running),
            shown=_difference(saved, running),
            way_back=vtysh.SAVE_BACK,
        )
    )
    return True


def _difference(was: Paths, will: Paths) -> tuple[str, ...]:
    return (*_signed("-", was - will), *_signed("+", will - was))


def _signed(sign: str, paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(f"{sign} {vtysh.shown(path)}" for path in sorted(paths))
