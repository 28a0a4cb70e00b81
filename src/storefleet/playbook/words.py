"""The words of a play, a block and a task, and what to write instead of those that do not run here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

COMMON = frozenset(
    {"name", "vars", "environment", "become", "become_user", "become_method", "tags", "no_log"}
    | {"ignore_errors", "check_mode", "run_once", "timeout", "diff", "delegate_to"}
)
PLAY = COMMON | {
    *("hosts", "gather_facts", "vars_files", "roles", "pre_tasks", "tasks", "post_tasks", "handlers"),
    *("serial", "max_fail", "max_fail_percentage", "lanes_at_once", "force_handlers", "any_errors_fatal"),
}
BLOCK = COMMON | {"when", "block", "rescue", "always"}
TASK = COMMON | {
    *("when", "loop", "loop_control", "with_items", "with_list", "with_dict", "register", "notify", "listen", "args"),
    *("changed_when", "failed_when", "until", "retries", "delay"),
}
LOOP_CONTROL = frozenset({"loop_var", "index_var", "label"})
LOOPS = ("loop", "with_items", "with_list", "with_dict")

INSTEAD: Mapping[str, str] = {
    "connection": "a host's platform says how it is reached; leave it out",
    "remote_user": "the account is the one of inventory/credentials.yaml; leave it out",
    "port": "the port is the one of the inventory; leave it out",
    "strategy": "every host goes through the play at its own pace; leave it out",
    "async": "a task that takes long says `timeout: SECONDS`",
    "poll": "a task that takes long says `timeout: SECONDS`",
    "vars_prompt": "a change is bound before it is made, so nothing is asked on the way; use `vars`",
    "local_action": "nothing of a playbook runs on our side",
    "delegate_facts": "a task works on its own host here",
    "import_playbook": "plan each playbook by itself",
    "ignore_unreachable": "a host that cannot be reached is never worked on further",
    "module_defaults": "say it in the task",
    "collections": "modules are found by their short names; leave it out",
    "throttle": "how many hosts work at a time is `serial`, or --workers",
    "order": "stores are changed in the inventory's order",
    "debugger": "read the plan instead",
    "become_flags": "leave it out",
    "become_exe": "leave it out",
    "gather_subset": "facts are read when a task uses them; leave it out",
    "gather_timeout": "leave it out",
    "fact_path": "leave it out",
    "with_fileglob": "name the files: `loop: [a, b]`",
    "with_sequence": '`loop: "{{ range(1, 5) | list }}"`',
    "with_nested": '`loop: "{{ one | product(other) | list }}"`',
    "with_together": '`loop: "{{ one | zip(other) | list }}"`',
    "with_subelements": 'name the elements: `loop: "{{ … }}"`',
    "with_flattened": '`loop: "{{ … | flatten }}"`',
    "with_first_found": "name the file",
    "with_indexed_items": "`loop_control: {index_var: n}`",
    "with_random_choice": "a plan must say what will happen; name one",
    "with_lines": "`loop: \"{{ lookup('file', 'name').splitlines() }}\"`",
}


MOST_NAMES = 40
"""Names beyond which a list of all there are helps nobody."""


def near(word: str, known: Iterable[str]) -> str:
    """Return a hint: the word that may be meant, or all there are."""
    if word in INSTEAD:
        return f": {INSTEAD[word]}"
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; there are: {', '.join(names)}" if len(names) <= MOST_NAMES else "; docs/reference/playbooks.md lists all"
