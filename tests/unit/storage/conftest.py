"""Where a database may live: each test that asks for ``url`` runs over SQLite and over a PostgreSQL server."""

import pytest

from storefleet.storage import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'storefleet.db'}"
    return request.getfixturevalue("postgresql").new()


@pytest.fixture
def other_url(url, request, tmp_path):
    """Give a second database of the same kind."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    return request.getfixturevalue("postgresql").new()


@pytest.fixture
def database(url):
    with Database.open(url) as opened:
        yield opened
