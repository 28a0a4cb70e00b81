"""Expected output as files beside the tests; ``--update-goldens`` rewrites them for a person to review in the diff."""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="rewrite the expected output of golden tests")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with ``goldens/NAME`` beside the test file."""

    def check(name: str, text: str) -> None:
        path = Path(request.path).parent / "goldens" / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} does not exist; run pytest --update-goldens and review it"
        assert text == path.read_bytes().decode(), f"{path} differs; --update-goldens rewrites it"

    return check
