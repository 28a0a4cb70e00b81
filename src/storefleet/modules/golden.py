"""What a router lacks of its golden configuration, and what `router_config` does about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storefleet.compliance import lines
from storefleet.compliance.compare import FeatureResult, needs_order
from storefleet.compliance.golden import Golden, Rendered, Secrets
from storefleet.compliance.lines import Path, Paths
from storefleet.compliance.mend import Mending, mend
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import ChangeClass, Inquire, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules import vtysh
from storefleet.modules.base import Arguments, Request
from storefleet.modules.risk import worst

RUNNING = "router:running-config"
_NOT_WITH = ("lines", "parents", "src", "match")
_TOLD = 5
"""Lines of a feature that are named where not all of them can be."""


@dataclass(frozen=True)
class Decided:
    """What was found on one router and decided of it; ``values`` are for `register`, ``notes`` for people."""

    running: Paths
    mending: Mending
    secrets: Secrets
    cost: ChangeClass
    values: dict[str, Json]
    notes: tuple[str, ...]


def wish_of(arguments: Arguments) -> tuple[str, tuple[str, ...]]:
    """Return the golden configuration and the features (all where there are none) that a task names."""
    name = arguments.get("golden")
    if not isinstance(name, str) or not name:
        raise TaskFailed(f"golden: the name of a golden configuration is due here, not {name!r:.60}")
    for word in _NOT_WITH:
        if arguments.get(word) is not None:
            raise TaskFailed(f"golden: it says which lines there are; {word} does not go with it")
    features = arguments.get("features")
    if features is None:
        return name, ()
    given = [part.strip() for part in features.split(",")] if isinstance(features, str) else features
    if not isinstance(given, list) or not given or not all(isinstance(part, str) and part for part in given):
        raise TaskFailed(f"features: a list of features of {name} is due here, not {features!r:.60}")
    return name, tuple(str(part) for part in given)


def check_features(golden: Golden, names: Sequence[str]) -> None:
    """Refuse a feature that a golden configuration has not."""
    known = [feature.name for feature in golden.features]
    for name in names:
        if name not in known:
            raise TaskFailed(f"features: {golden.name} has no feature {name!r:.60}; there are: {', '.join(known)}")


def decided(request: Request) -> Step[Decided]:
    """Read what runs, and decide which lines have the router hold what it must; raises where none would."""
    name, features = wish_of(request.arguments)
    rendered = request.golden(name)
    check_features(rendered.golden, features)
    running = lines.read((yield from ask(ReadText(RUNNING, vtysh.RUNNING))))
    in_order: tuple[Path, ...] = tuple(sorted(running))
    if needs_order(rendered, features):
        in_order = yield from _in_order(running)
    mending = mend(rendered, in_order, features)
    secrets = rendered.golden.secrets
    _refuse(rendered, mending, secrets)
    told: dict[str, Json] = {one.feature.name: _told(one, secrets) for one in mending.found.features}
    return Decided(
        running, mending, secrets, _cost(mending), {"golden": told}, tuple(_left(rendered, mending, secrets))
    )


def _in_order(running: Paths) -> Step[tuple[Path, ...]]:
    """Read what runs once more, as the router orders it."""
    output = yield from ask(Inquire(vtysh.IN_ORDER, RUNNING))
    found = tuple(tuple(line.split(lines.SEPARATOR)) for line in output.stdout.decode("utf-8", "replace").splitlines())
    if output.exit_status != 0 or frozenset(found) != running:
        raise TaskFailed("the router's configuration changed while it was read, or did not come whole; run it again")
    return found


def _refuse(rendered: Rendered, mending: Mending, secrets: Secrets) -> None:
    """Raise where the lines would not have the router hold it: nobody was seen to put that right."""
    if mending.stuck:
        named = "; ".join(vtysh.shown(path, secrets) for path in mending.stuck[:_TOLD])
        raise TaskFailed(
            f"golden {rendered.golden.name}: {named}: stands out of its order, which only the router decides for lines "
            "without `seq` numbers; put it in order by hand, or take `ordered` off the feature"
        )
    for one in mending.left.features:
        if one.state == "fail":
            named = "; ".join(
                vtysh.shown(path, secrets) for path in (*one.missing, *one.extra, *one.out_of_order)[:_TOLD]
            )
            raise TaskFailed(f"golden {rendered.golden.name}: {one.feature.name}: no line is known that mends {named}")


def _cost(mending: Mending) -> ChangeClass:
    """Return the worst risk of the features that are mended."""
    failing = [one.feature.risk for one in mending.found.features if one.state == "fail"]
    return worst(tuple(risk for risk in failing if risk is not None))


def _told(one: FeatureResult, secrets: Secrets) -> Json:
    def texts(paths: Sequence[Path]) -> Json:
        return [vtysh.shown(path, secrets) for path in paths]

    return {
        "state": one.state,
        "missing": texts(one.missing),
        "extra": texts(one.extra),
        "out_of_order": texts(one.out_of_order),
    }


def _left(rendered: Rendered, mending: Mending, secrets: Secrets) -> list[str]:
    """Return what people must hear: lines that nobody wanted, and that stay."""
    found = []
    for one in mending.left.features:
        if one.feature.extra == "warn" and one.extra:
            sections = {path[:-1] for path in one.extra}
            left = [path for path in one.extra if path not in sections]
            named = "; ".join(vtysh.shown(path, secrets) for path in left[:_TOLD])
            count = f"{len(left)} {'line' if len(left) == 1 else 'lines'} more than it says, left there"
            found.append(f"golden {rendered.golden.name}: {one.feature.name}: {count}: {named}")
    return found
