"""Collecting a Linux host: ask for one script, read its frames."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping

from storefleet.collect.facts import Findings, Gathered, pointer
from storefleet.collect.frames import INCOMPLETE, Frame, frames_of
from storefleet.collect.linux.readings import Reading, endpoints, left_out, readings
from storefleet.collect.linux.script import script
from storefleet.collect.plan import CollectPlan
from storefleet.collect.text import Records, failure, number
from storefleet.model.effects import RunScript, Step, ask
from storefleet.model.instants import utc
from storefleet.model.state import Missing, StateDocument

Clock = Callable[[], datetime.datetime]


def collect(plan: CollectPlan, clock: Clock) -> Step[StateDocument]:
    """Ask for everything in one round trip and return the document; what failed is in ``missing``.

    Raises :class:`~storefleet.errors.OutputIncomplete` when nothing at all came back whole.
    """
    asked = readings(plan)
    before = clock()
    output = yield from ask(RunScript(script(asked, endpoints(plan))))
    after = clock()
    frames = frames_of(output, plan.host.name)
    gathered = Gathered()
    gather(asked, frames, plan.host.charset, gathered)
    read_clock(frames, before, after, gathered)
    return document(plan, gathered, before, after)


def document(
    plan: CollectPlan, gathered: Gathered, before: datetime.datetime, after: datetime.datetime
) -> StateDocument:
    """Return what was gathered as the document of the plan's host."""
    for reading in left_out(plan):
        for place in reading.gives:
            gathered.miss(place, "left out of a light collection")
    settle_default_routes(gathered)
    host = plan.host
    return StateDocument(
        host=host.name,
        store=host.store,
        role=host.role,
        platform=host.platform,
        collected_at=utc(after),
        duration_s=max(0.0, round((after - before).total_seconds(), 3)),  # our own clock may be set back meanwhile
        facts=gathered.facts,
        missing=gathered.missing(),
        provenance=gathered.provenance,
    )


def settle_default_routes(gathered: Gathered) -> None:
    """Say of every interface whether it carries a default route, or why nobody knows."""
    network = gathered.facts.get("network")
    interfaces = network.get("interfaces") if isinstance(network, dict) else None
    if not isinstance(network, dict) or not isinstance(interfaces, dict):
        return
    for name, facts in interfaces.items():
        if isinstance(facts, dict) and "default_route" not in facts:
            if "routes" in network:
                facts["default_route"] = False
            else:
                reason = gathered.gaps.get("/network/routes", INCOMPLETE)
                gathered.miss(pointer("network", "interfaces", name, "default_route"), reason)


def gather(asked: Iterable[Reading], frames: Mapping[str, Frame], charset: str, gathered: Gathered) -> None:
    """Read every frame that was asked for; a frame that is not usable makes its places missing with the reason."""
    for reading in asked:
        frame = frames.get(reading.id)
        reason = _unusable(reading, frame)
        if frame is None or reason:
            for place in reading.gives:
                gathered.miss(place, reason or INCOMPLETE)
            continue
        text = decode(frame.body if reading.raw else frame.records(), reading.charset or charset)
        if not reading.raw:
            gathered.add(gaps(text, reading.gives), reading.id)
        parse_into(gathered, reading.id, reading.gives, reading.parse, text)


def parse_into(
    gathered: Gathered, probe: str, gives: Iterable[str], parse: Callable[[str], Findings], text: str
) -> None:
    """Put what a parser finds into the document; what it should have given and did not is missing with a reason."""
    try:
        gathered.add(list(parse(text)), probe)
    except Exception as fault:  # noqa: BLE001 - the text is a device's: a parser that stumbles over it must not end the host
        for place in gives:
            gathered.miss(place, f"cannot parse: {type(fault).__name__}")
    for place in gives:
        if not gathered.has(place):
            gathered.miss(place, "cannot parse: nothing of it in the output")


def gaps(text: str, gives: tuple[str, ...]) -> list[Missing]:
    """Return what the probe itself told as unreadable, as far as it lies within what the probe answers for."""
    if not text.startswith("?\t") and "\n?\t" not in text:
        return []
    told = Records(text).fields("?", 2)
    return [Missing(path, reason) for path, reason in told if path.startswith(gives)]


def _unusable(reading: Reading, frame: Frame | None) -> str | None:
    if frame is None:
        return INCOMPLETE
    if frame.status:
        return failure(frame.status)
    if len(frame.body) >= reading.cap:
        return f"more output than {reading.cap} bytes"
    return None


def decode(body: bytes, charset: str) -> str:
    """Return a device's bytes as text; what does not fit the charset is replaced, NUL is dropped."""
    try:
        text = body.decode(charset, "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    return text.replace("\x00", "").replace("\r\n", "\n")


def read_clock(
    frames: Mapping[str, Frame], before: datetime.datetime, after: datetime.datetime, gathered: Gathered
) -> None:
    """Compare the device's clock, read as the script's last act, with ours.

    The reading was made between our two instants and, since it is the last thing, close to the second one; a clock that
    prints whole seconds is on average half a second further.
    """
    frame = frames.get("clock")
    text = frame.body.decode("ascii", "replace").strip() if frame else ""
    whole, _, fraction = text.partition(".")
    device = number(f"{whole}.{fraction[:6]}") if fraction.isdecimal() else number(whole)
    if device is None:
        gathered.miss("/system/clock_offset_s", INCOMPLETE if frame is None else "cannot parse: date +%s")
        return
    if not fraction.isdecimal():
        device += 0.5
    gathered.facts.setdefault("system", {})
    system = gathered.facts["system"]
    if isinstance(system, dict):
        system["clock_offset_s"] = round(device - after.timestamp(), 1)
        gathered.provenance["/system/clock_offset_s"] = "clock"
