"""Modes in words, against chmod of this machine."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.errors import TaskFailed
from storefleet.modules.base import Request
from storefleet.modules.modes import mode_of


def mode(value, present=0o644, *, folder=False):
    request = Request({"mode": value}, lambda *_: b"", lambda text: text)
    return mode_of(request, present, folder=folder)


@pytest.mark.parametrize("value", ["0640", "640", 0o640, "u=rw,g=r,o="])
def test_digits_numbers_and_words_mean_the_same(value):
    assert mode(value) == 0o640


@pytest.mark.parametrize(
    "value", ["", "8", "u=q", "u", "=rw,", "u=rw;g=r", "a+", 0o10000, -1, "77777", True, ["0644"], 1.5]
)
def test_what_is_no_mode_is_refused(value):
    if value == "a+":
        assert mode(value) == 0o644  # nothing is added, as under chmod
        return
    with pytest.raises(TaskFailed, match="mode: "):
        mode(value)


CLAUSE = st.builds(
    lambda who, steps: f"{who}{''.join(steps)}",
    st.text("ugo", min_size=1, max_size=3) | st.just("a"),
    st.lists(
        st.builds(
            lambda operator, what: operator + what,
            st.sampled_from("+-="),
            st.text("rwxX", min_size=1, max_size=3) | st.sampled_from("ugo"),
        ),
        min_size=1,
        max_size=2,
    ),
)


@given(st.lists(CLAUSE, min_size=1, max_size=3).map(",".join), st.integers(0, 0o777), st.booleans())
@settings(max_examples=150, deadline=None)
def test_words_mean_what_chmod_makes_of_them(tmp_path_factory, words, present, folder):
    path = tmp_path_factory.mktemp("modes") / "x"
    path.mkdir() if folder else path.touch()
    path.chmod(present)
    subprocess.run(["chmod", words, path], check=True)
    assert mode(words, present, folder=folder) == path.stat().st_mode & 0o7777
