"""What a playbook may say, and what is refused at which line."""

import textwrap

import pytest

from storefleet.errors import InputError
from storefleet.playbook.language import Loop
from storefleet.playbook.load import load_playbook


def load(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(textwrap.dedent(text))
    return load_playbook(path, "playbooks/p.yaml")


def complaints(tmp_path, text):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    return str(caught.value).splitlines()


GOOD = """\
- name: A play
  hosts: role=till
  gather_facts: no
  become: yes
  serial: {stores: 2}
  max_fail: {stores: 1}
  vars: {port: 0644, words: [yes, "yes", 12:30, 1_000, 0x1F, 1.5, null, 2.10]}
  tasks:
    - name: A file
      ansible.builtin.copy: {content: "x", dest: /etc/motd, mode: 0600}
      when: port > 1
      notify: [Restart, other]
      tags: [always]
      no_log: true
      ignore_errors: yes
      register: kept
      loop: [1, 2]
  handlers:
    - name: Restart
      service: {name: x, state: restarted}
    - name: Heard
      listen: other
      debug: {msg: "{{ item }}"}
"""


def test_a_whole_play_is_read_as_ansible_reads_it(tmp_path):
    (play,) = load(tmp_path, GOOD).plays
    assert (play.name, play.hosts, play.serial_stores, play.max_fail_stores) == ("A play", "role=till", 2, 1)
    assert play.variables == {"port": 420, "words": [True, "yes", 750, 1000, 31, 1.5, None, 2.1]}
    (task,) = play.sections[1]
    assert task.module == "copy"
    assert task.arguments == {"content": "x", "dest": "/etc/motd", "mode": 0o600}
    assert (task.setting.when, task.notify, task.register) == (("port > 1",), ("Restart", "other"), "kept")
    assert task.loop == Loop([1, 2])
    assert task.setting.no_log is True
    assert task.setting.ignore_errors is True
    assert task.setting.tags == {"always"}
    assert [handler.shown for handler in play.handlers] == ["Restart", "Heard"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("gather_facts: no", "strategy: free", "3: a play has no `strategy`"),
        ("become: yes", "become: perhaps", "yes or no is due here"),
        ("{stores: 2}", "{stores: 0}", "`serial` counts stores as"),
        ("ansible.builtin.copy", "ansible.builtin.copi", "did you mean `copy`?"),
        ("mode: 0600", "modes: 0600", "copy takes no `modes` here; did you mean `mode`?"),
        ("tags: [always]", "delegate_to: x", "there is no module or word `delegate_to`"),
        ("when: port > 1", "when: port >", "port >"),
        ("[Restart, other]", "[Restort]", "no handler is called `Restort`; did you mean `Restart`?"),
        ('content: "x"', 'content: "{{ x "', "{{ x "),
        ("ansible.builtin.copy: {", "debug: {}\n      ansible.builtin.copy: {", "exactly one module is due"),
        ("vars: {", "vars: [{", "not valid YAML"),
        ("hosts: role=till", "hosts: ''", "a play needs `hosts:`"),
    ],
)
def test_what_does_not_run_here_is_refused_at_its_line(tmp_path, old, new, words):
    assert old in GOOD
    found = complaints(tmp_path, GOOD.replace(old, new, 1))
    assert any(words in line for line in found), found
    assert all(line.startswith("playbooks/p.yaml:") for line in found)


@pytest.mark.parametrize(
    "text", ["", "a: b", "[]", "- x", "- hosts: all\n  gather_facts: no\n  tasks: {}", "- hosts: {a: b}"]
)
def test_what_is_no_playbook_is_refused(tmp_path, text):
    assert complaints(tmp_path, text)
