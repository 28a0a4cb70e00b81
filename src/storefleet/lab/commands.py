"""``storefleet lab …``: the practice fleet from the command line. The ``cli`` layer mounts :data:`app`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from storefleet.errors import LabError
from storefleet.lab.faults import FAULTS
from storefleet.lab.lab import Lab
from storefleet.lab.network import WanSettings
from storefleet.lab.plan import LabPlan

app = typer.Typer(
    name="lab",
    help="The practice fleet: a small chain of real routers, tills and kiosks on this machine.",
    no_args_is_help=True,
)

NameOption = Annotated[str, typer.Option("--name", help="Which lab.", envvar="STOREFLEET_LAB")]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


@app.command()
def up(
    name: NameOption = "lab",
    stores: Annotated[int, typer.Option(help="How many stores; the third one lies behind its router.")] = 3,
    tills: Annotated[int, typer.Option(help="Tills per store.")] = 2,
    kiosks: Annotated[int, typer.Option(help="Kiosks per store.")] = 1,
    python: Annotated[bool, typer.Option("--python", help="Give the tills Python, to run Ansible against.")] = False,  # noqa: FBT002
) -> None:
    """Make the practice fleet, or bring it back; done when every device answers on SSH.

    \b
    storefleet lab up --stores 3 --tills 2 --kiosks 1
    """
    lab = Lab.up(name, stores, tills, kiosks, python=python)
    _show(lab.plan, lab.status())
    typer.echo(f"STOREFLEET_FLEET={lab.place.fleet}")


@app.command()
def can() -> None:
    """Say whether this machine can host a lab; exit 4 and the reason where it cannot.

    \b
    storefleet lab can
    """
    reason = Lab.why_not()
    if reason:
        raise LabError(reason)
    typer.echo("this machine can host the practice fleet")


@app.command()
def status(name: NameOption = "lab") -> None:
    """Show every device, and what is broken.

    \b
    storefleet lab status
    """
    lab = Lab(name)
    _show(lab.plan, lab.status())
    state = lab.place.state()
    for host, faults in sorted(state.faults.items()):
        typer.echo(f"broken  {host}: {', '.join(faults)}")
    for store, line in sorted(state.wan.items()):
        typer.echo(f"line    {store}: {_words(line)}")
    typer.echo(f"STOREFLEET_FLEET={lab.place.fleet}")


@app.command()
def down(name: NameOption = "lab") -> None:
    """Take the practice fleet away, with everything that belongs to it.

    \b
    storefleet lab down
    """
    Lab(name).down()
    typer.echo(f"lab {name}: nothing is left")


@app.command(context_settings=PASS_ON)
def exec(context: typer.Context, name: NameOption = "lab") -> NoReturn:  # noqa: A001 — the command's own word
    """Run a command at head office, from where the stores can be reached: exec -- CMD…

    \b
    storefleet lab exec -- storefleet audit -l S0001
    """
    _become(Lab(name).head_office_argv(_command(context.args)))


@app.command(context_settings=PASS_ON)
def enter(context: typer.Context, host: str, name: NameOption = "lab") -> NoReturn:
    """Run a command, or a shell, as root on a device, as someone standing in front of it: enter HOST -- CMD…

    \b
    storefleet lab enter S0001-pos1 -- ip address
    """
    argv = context.args[1:] if context.args[:1] == ["--"] else context.args
    _become(Lab(name).device_argv(host, argv or ["sh"]))


@app.command("break")
def break_(fault: str, target: str, name: NameOption = "lab") -> None:
    """Break one thing on one device (see: faults).

    \b
    storefleet lab break dns-wrong-server S0001-pos2
    """
    host = Lab(name).break_(fault, target)
    typer.echo(f"{host}: {fault} ({FAULTS[fault].summary})")


@app.command()
def mend(target: str, fault: Annotated[str | None, typer.Argument()] = None, name: NameOption = "lab") -> None:
    """Undo what was broken on a device or in a store, or one fault only.

    \b
    storefleet lab mend S0001-pos2
    """
    undone = Lab(name).mend(target, fault)
    typer.echo(f"{target}: mended {', '.join(undone)}" if undone else f"{target}: nothing was broken")


@app.command()
def faults() -> None:
    """List the faults by name, with the kind of device each belongs to.

    \b
    storefleet lab faults
    """
    for fault in FAULTS.values():
        typer.echo(f"{fault.name:<20} {'/'.join(fault.kinds):<13} {fault.summary}")


@app.command("power-cut")
def power_cut(host: str, name: NameOption = "lab") -> None:
    """Take a device's power away, without a clean shutdown.

    \b
    storefleet lab power-cut S0001-pos1
    """
    Lab(name).power_cut(host)
    typer.echo(f"{host}: off")


@app.command("plug-in")
def plug_in(host: str, name: NameOption = "lab") -> None:
    """Give a device its power back, and wait until it answers.

    \b
    storefleet lab plug-in S0001-pos1
    """
    Lab(name).plug_in(host)
    typer.echo(f"{host}: answering")


@app.command()
def wan(
    store: str,
    name: NameOption = "lab",
    delay: Annotated[str | None, typer.Option(help="Added each way: 80ms, 0.")] = None,
    loss: Annotated[str | None, typer.Option(help="Packets lost: 2%, 0.")] = None,
    rate: Annotated[str | None, typer.Option(help="2mbit, 512kbit, 0 for no limit.")] = None,
    up: Annotated[bool | None, typer.Option("--up/--down", help="The line itself.")] = None,
) -> None:
    """Show or change a store's line to head office.

    \b
    storefleet lab wan S0002 --delay 200ms --loss 5%
    """
    changes: dict[str, int | bool] = {}
    if delay is not None:
        changes["delay_ms"] = quantity(delay, {"ms": 1, "s": 1000, "": 1})
    if loss is not None:
        changes["loss_percent"] = quantity(loss, {"%": 1, "": 1})
    if rate is not None:
        changes["rate_kbit"] = quantity(rate, {"kbit": 1, "mbit": 1000, "gbit": 1_000_000, "": 1})
    if up is not None:
        changes["up"] = up
    line = Lab(name).wan(store, **changes)
    word = "up" if line.up else "down"
    typer.echo(
        f"{store}: {word}, delay {line.delay_ms} ms, loss {line.loss_percent} %, rate {line.rate_kbit or 'full'}"
    )


def quantity(text: str, units: dict[str, int]) -> int:
    """Return a number with its unit in the smallest unit; a :class:`LabError` shows the units there are."""
    match = re.fullmatch(r"(\d+)\s*([a-z%]*)", text.strip().lower())
    if match is None or match[2] not in units:
        raise LabError(f"{text!r} is not a whole number with one of {', '.join(unit for unit in units if unit)}")
    return int(match[1]) * units[match[2]]


def _words(line: WanSettings) -> str:
    rate = f"{line.rate_kbit} kbit/s" if line.rate_kbit else "full"
    return f"{'up' if line.up else 'down'}, delay {line.delay_ms} ms, loss {line.loss_percent} %, rate {rate}"


def _show(plan: LabPlan, conditions: dict[str, str]) -> None:
    for store in plan.stores:
        behind = f", behind {store.router.name}" if store.flat else ""
        typer.echo(f"{store.id}  {store.title}  {store.subnet}, line {store.wan}{behind}")
        for device in store.devices:
            typer.echo(f"  {device.name:<14} {device.kind:<7} {device.address:<13} {conditions.get(device.name, '')}")


def _command(words: Sequence[str]) -> list[str]:
    argv = list(words[1:] if words[:1] == ["--"] else words)
    if not argv:
        raise LabError("no command was given: storefleet lab exec -- CMD…")
    return argv


def _become(argv: Sequence[str]) -> NoReturn:
    """Be the command, so that its terminal, input, signals and exit code are the caller's own."""
    sys.stdout.flush()
    os.execvp(argv[0], list(argv))  # noqa: S606 — no shell, on purpose


def main() -> None:
    """Run by itself, with this layer's one error turned into a line and exit code 2."""
    try:
        app()
    except LabError as error:
        typer.echo(f"storefleet lab: {error}", err=True)
        raise SystemExit(2) from None
