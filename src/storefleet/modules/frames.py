"""Several outputs in one, each between two lines with the word of the run, which nothing that is printed can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from storefleet.model.effects import NONCE, Output

FUNCTIONS = f"""begin() {{ printf '{NONCE} begin %s\\n' "$1"; }}
end() {{ printf '\\n{NONCE} done %s\\n' "$1"; }}
"""


def parts(output: Output) -> Mapping[int, Output]:
    """Return what stands between ``begin NUMBER`` and ``end STATUS``, by number; what is not whole is not there."""
    if not output.nonce:
        return {}
    word = re.escape(output.nonce).encode()
    frame = re.compile(rb"^%b begin (\d+)\n(.*?)\n%b done (\d+)\n" % (word, word), re.DOTALL | re.MULTILINE)
    return {
        int(found[1]): Output(found[2], b"", int(found[3]), output.nonce) for found in frame.finditer(output.stdout)
    }
