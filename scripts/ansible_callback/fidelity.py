"""A callback of ansible-playbook: each task's end per host, in order, and the recap, as one JSON file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

COUNTS = {"ok": "ok", "changed": "changed", "unreachable": "unreachable", "failures": "failed"}
COUNTS |= {"skipped": "skipped", "rescued": "rescued", "ignored": "ignored"}
SPEAKING = ("debug", "fail", "assert")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fidelity"

    def __init__(self):
        super().__init__()
        self.tasks, self.recap = {}, {}

    def _entry(self, result):
        task = result.task
        return self.tasks.setdefault(task._uuid, {"task": task.get_name().strip(), "ended": {}})  # noqa: SLF001

    @staticmethod
    def _told(result, word):
        """Return what a task is there to say, and None of other tasks and where nothing may be shown."""
        body = result.result
        action = result.task.action.rpartition(".")[2]
        engine_s_own = action == "debug" and word.startswith("failed")
        if action not in SPEAKING or engine_s_own or body.get("_ansible_no_log"):
            return None
        return body.get("msg", body.get(result.task.args.get("var")))

    def _end(self, result, word):
        entry, host, body = self._entry(result), result.host.get_name(), result.result
        entry["ended"][host] = word
        told = self._told(result, word)
        if told is not None and "results" not in body:
            entry.setdefault("said", {})[host] = told

    def _item(self, result, word):
        body = result.result
        label = str(body.get("_ansible_item_label", body.get("item", "")))
        line = f"{word}: {label}" if not body.get("_ansible_no_log") else word
        self._entry(result).setdefault("items", {}).setdefault(result.host.get_name(), []).append(line)
        told = self._told(result, word)
        if told is not None:
            self._entry(result).setdefault("said", {}).setdefault(result.host.get_name(), []).append(told)

    def v2_runner_on_ok(self, result):
        self._end(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: FBT002
        self._end(result, "failed, ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self._end(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self._end(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        self._item(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_item_on_failed(self, result):
        self._item(result, "failed")

    def v2_runner_item_on_skipped(self, result):
        self._item(result, "skipped")

    def v2_runner_retry(self, result):
        entry = self._entry(result).setdefault("retried", {})
        entry[result.host.get_name()] = entry.get(result.host.get_name(), 0) + 1

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            summary = stats.summarize(host)
            self.recap[host] = {word: summary[key] for key, word in COUNTS.items()}
        told = {"recap": self.recap, "tasks": list(self.tasks.values())}
        Path(os.environ["FIDELITY_LOG"]).write_text(json.dumps(told))
