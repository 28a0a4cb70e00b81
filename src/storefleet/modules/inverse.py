"""What undoes the difference of two configurations of a router, worked out on the router itself by its awk.

What runs when the way back is gone is not what was planned: a line that the router altered is one to take away too.
"""

from __future__ import annotations

from storefleet.compliance import lines
from storefleet.model.effects import NONCE


def _ere(pattern: str) -> str:
    """Return a pattern of the rules as the awk of the router reads it; there are no others than these in it."""
    return pattern.replace(r"\S", r"[^ \t]").replace(".*", r"[^\t]*")


def _rank() -> str:
    """Return the rank of a line within its section: what must stand before the others, and what behind them."""
    ranks = list(enumerate(lines.order()))
    found = [f"    if (line ~ /^({_ere(pattern)})$/) return {number}" for number, pattern in ranks if pattern]
    return "\n".join([*found, f"    return {lines.order().index('')}"])


_OWN_NO = "\n".join(
    f'    if (index(p, "{section}") == 1 && index(line, "{begins}") == 1) return "{use}"'
    for section, begins, use in lines.negations()
)

_ALWAYS_THERE = f"^({'|'.join(map(_ere, lines.unseen_when_empty()))})$"

_RATHER_SET = "|".join(map(_ere, lines.rather_set()))

INVERSE = f"""inverse() {{
  {{ printf '%s\\n' "$1"; echo '{NONCE}'; printf '%s\\n' "$2"; }} | awk -v m='{NONCE}' '
    function up(s) {{ return match(s, /\\t[^\\t]*$/) ? substr(s, 1, RSTART - 1) : "" }}
    function last(s) {{ return match(s, /[^\\t]*$/) ? substr(s, RSTART) : s }}
    function rank(s,   part, line) {{
    line = split(s, part, "\\t") > 1 ? part[2] : part[1]
    sub(/^no /, "", line)
{_rank()}
    }}
    function negated(p, line) {{
{_OWN_NO}
    if (line ~ /^no /) return substr(line, 4)
    return "no " line
    }}
    function always(s) {{ return last(s) ~ /{_ALWAYS_THERE}/ }}
    function comes(s) {{ for (s = up(s); s != ""; s = up(s)) if (!(s in was) && !always(s)) return 1; return 0 }}
    function place(s,   p, line) {{
      p = up(s); line = last(s)
      return match(line, /^({_RATHER_SET})/) ? p "\\t" substr(line, 1, RLENGTH) : ""
    }}
    function told(sections, line,   part, n, i) {{
      n = split(sections, part, "\\t")
      for (i = 1; i <= n; i++) print part[i]
      print line
      for (i = 1; i <= n; i++) print "exit"
    }}
    $0 == m {{ second = 1; next }}
    !second {{ was[$0] = 1; held[place($0)] = 1; old[++olds] = $0; next }}
    {{ is[$0] = 1; new[++news] = $0 }}
    END {{
      for (i = 1; i <= news; i++) {{
        s = new[i]
        if (s in was || always(s) || comes(s) || (place(s) != "" && place(s) in held)) continue
        told(up(s), negated(up(s), last(s)))
      }}
      for (r = 0; r < {len(lines.order())}; r++)
        for (i = 1; i <= olds; i++) {{
          s = old[i]
          if (!(s in is) && !always(s) && rank(s) == r) told(up(s), last(s))
        }}
    }}'
}}
"""
"""What undoes the difference of two configurations, as it is and not as it was planned: an altered line is one too."""
