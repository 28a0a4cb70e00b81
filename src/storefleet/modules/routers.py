"""router_config, router_command, router_save: the configuration of a router that runs FRR, read back line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from storefleet.collect.redact import strip_secrets
from storefleet.compliance import lines
from storefleet.compliance.golden import NO_SECRETS, Secrets
from storefleet.compliance.golden_check import COMMAND, FRAME, MAX_LINE, MAX_LINES
from storefleet.compliance.lines import Path, Paths
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, ChangeClass, Inquire, ReadText
from storefleet.model.effects import NONCE, Step, ask
from storefleet.modules import golden, vtysh
from storefleet.modules.base import FALSE, Done, Request
from storefleet.modules.golden import RUNNING
from storefleet.modules.risk import class_of_lines, worst

SAVED = "router:saved-config"
_SHOW = re.compile(r"show( [A-Za-z0-9_./:,=+@-]+)+")
Save = Literal["never", "changed", "always"]


@dataclass(frozen=True)
class _Wish:
    """What shall run, the lines that lead there, what that can cost at least, and what of it nobody may read."""

    then: Paths
    todo: tuple[Path, ...]
    cost: ChangeClass = "none"
    secrets: Secrets = NO_SECRETS


def router_config(request: Request) -> Step[Done]:
    """Have lines stand in the running configuration, and save it where that is asked for."""
    save = _save(request)
    if request.has("golden") or request.has("features"):
        return (yield from _golden_config(request, save))
    section, wanted, exact = _wanted(request, may_be_empty=save == "always")
    running = lines.read((yield from ask(ReadText(RUNNING, vtysh.RUNNING))))
    wish = _Wish(*(lines.exactly(running, section, wanted) if exact else lines.merged(running, wanted)))
    return (yield from _made(running, wish, save, {}))


def _golden_config(request: Request, save: Save) -> Step[Done]:
    """Have the router hold sections of its golden configuration; what is only warned of stays, and is told."""
    found = yield from golden.decided(request)
    mending, secrets = found.mending, found.secrets
    wish = _Wish(mending.then, mending.todo, found.cost, secrets)
    done: Done = yield from _made(found.running, wish, save, found.values)
    return replace(done, notes=found.notes)


def _made(running: Paths, wish: _Wish, save: Save, more: dict[str, Json]) -> Step[Done]:
    """Have the router take the lines, and save."""
    if wish.todo:
        yield from _known(wish)
        yield from ask(_change(running, wish))
    saved = False
    if save == "always" or (save == "changed" and wish.todo):
        saved = yield from _saved(wish.then, wish.secrets)
    values: dict[str, Json] = {"commands": [vtysh.shown(path, wish.secrets) for path in wish.todo], "saved": saved}
    changed = bool(wish.todo) or saved
    return Done(changed=changed, why="" if changed else "it runs as it must", values={**values, **more})


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
    if FRAME.fullmatch(line):
        raise TaskFailed(f"{name}: {line} only moves between sections; parents names the section")
    if COMMAND.fullmatch(line):
        raise TaskFailed(f"{name}: {line!r:.80} is a command and no line of a configuration")
    return line


def _known(wish: _Wish) -> Step[None]:
    """Refuse what the router does not know, and what it would take without a word and not do."""
    output = yield from ask(Inquire(vtysh.dry_run(wish.todo, wish.secrets)))
    said = output.stdout.decode("utf-8", "replace").splitlines()
    if output.exit_status not in (0, 3) or not said or not said[0].startswith("daemons "):
        words = " ".join(output.stderr.decode("utf-8", "replace").split())[-200:]
        raise TaskFailed(f"vtysh does not answer on this host: {words or 'nothing was said'}")
    if missing := lines.missing_daemons(wish.todo, said[0].split()[1:]):
        path, daemon = missing[0]
        raise TaskFailed(
            f"{vtysh.shown(path, wish.secrets)}: {daemon} does not run there, so this line would do nothing"
        )
    if output.exit_status != 0:
        raise TaskFailed(" ".join(said[1:])[:400])


def _change(running: Paths, wish: _Wish) -> Alter:
    back = vtysh.way_back(running)
    return Alter(
        subject=RUNNING,
        action="configure",
        script=vtysh.apply(running, wish.then, wish.todo, back, wish.secrets),
        cost=worst((class_of_lines([*wish.todo, *(wish.then ^ running)]), wish.cost)),
        before=lines.write(running),
        after=lines.write(wish.then),
        shown=_difference(running, wish.then, wish.secrets),
        way_back=back,
        deadline_s=60.0 + len(wish.todo),
    )


def _saved(running: Paths, secrets: Secrets = NO_SECRETS) -> Step[bool]:
    """Save what runs; tell whether there was anything to save."""
    saved = lines.read((yield from ask(ReadText(SAVED, vtysh.SAVED))))
    if saved == running:
        return False
    yield from ask(
        Alter(
            subject=SAVED,
            action="save",
            script=vtysh.save(saved, running, secrets),
            cost="config",
            before=lines.write(saved),
            after=lines.write(running),
            shown=_difference(saved, running, secrets),
            way_back=vtysh.SAVE_BACK,
        )
    )
    return True


def _difference(was: Paths, will: Paths, secrets: Secrets) -> tuple[str, ...]:
    return (*_signed("-", was - will, secrets), *_signed("+", will - was, secrets))


def _signed(sign: str, paths: Iterable[Path], secrets: Secrets) -> tuple[str, ...]:
    return tuple(f"{sign} {vtysh.shown(path, secrets)}" for path in sorted(paths))
