"""What a database URL means, and that nothing secret of it is ever shown."""

import urllib.parse

import audit_factory as factory
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.errors import StorageError
from storefleet.settings.urls import masked_url
from storefleet.storage import Database
from storefleet.storage.address import shown, understood

SECRET = "hunter2canary"


def test_postgresql_means_psycopg_however_it_is_spelled():
    for url in ("postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"):
        assert understood(url).drivername == "postgresql+psycopg"
        assert shown(understood(url)) == "postgresql://u@h/d"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}/x@h/d",
        f"postgresql://u:a@{SECRET}@h/d",
        f"postgresql://u:a?{SECRET}@h/d",
        f"postgresql://:{SECRET}@h/d",
        f"postgresql://u@h/d?password={SECRET}",
        f"postgresql://u@h/d?sslmode=require&sslpassword={SECRET}",
        f"postgresql://u@h/d?options=-c%20my.key%3D{SECRET}",
        f"postgresql://u@h/d?p%61ssword={SECRET}",
        f"postgresql://u@h/d?PASSWORD={SECRET}",
        f"postgresql://u@h/d?of_later={SECRET}",
        f"postgresql://u@h:nonsense/d?password={SECRET}",
        f"mysql://u:{SECRET}@h/d",
        f"oracle+nothing://u:{SECRET}@h/d",
        f"postgresql+pg8000://u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}@127.0.0.1:1/d?password={SECRET}&connect_timeout=1",
        f"postgresql://u:{SECRET}@127.0.0.1:1/d?sslmode={SECRET}",
        f"postgresql://u@127.0.0.1:1/d?{SECRET}x=1&password={SECRET}x",
    ],
)
def test_no_secret_of_a_url_is_shown_in_settings_or_in_an_error(url):
    if f"?{SECRET}" not in url and f"sslmode={SECRET}" not in url:  # a key, and a value that cannot be one
        assert SECRET not in masked_url(url)
    if "127.0.0.1:1" in url or ":nonsense" in url or not url.startswith("postgresql:"):
        with pytest.raises(StorageError) as caught:
            Database.open(url)
        if f"?{SECRET}" not in url and f"sslmode={SECRET}" not in url:
            assert SECRET not in str(caught.value)


def test_what_is_no_secret_stays_readable():
    url = "postgresql://storefleet@db.hq.example:5433/fleet?sslmode=verify-full&host=/run/pg"
    assert masked_url(url) == url
    assert masked_url("postgresql://u:x@h/d?sslmode=require&password=x") == (
        "postgresql://u:***@h/d?sslmode=require&password=***"
    )


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), st.sampled_from(["login", "key"]))
def test_a_mask_is_the_same_for_every_quoted_password(password, place):
    quoted = urllib.parse.quote(password, safe="")
    urls = {"login": f"postgresql://u:{quoted}@h/d", "key": f"postgresql://u@h/d?password={quoted}&sslmode=require"}
    masks = {"login": "postgresql://u:***@h/d", "key": "postgresql://u@h/d?password=***&sslmode=require"}
    assert masked_url(urls[place]) == masks[place]
    assert masked_url(masks[place]) == masks[place]


def test_a_url_that_cannot_be_used_is_refused_with_how_to_write_it():
    for url, words in (
        ("what is this", "URL cannot be read"),
        ("mysql://h/d", "names 'mysql', which storefleet does not use"),
        ("postgresql://127.0.0.1:1/x", r"127.0.0.1.*(refused|failed).*check that the server runs"),
    ):
        with pytest.raises(StorageError, match=words):
            Database.open(url)


def test_the_address_for_another_process_keeps_the_password(postgresql):
    url = postgresql.new().replace("storefleet@", f"storefleet:{SECRET}@")
    with Database.open(url) as database, Database.open(database.url) as other:
        other.begin_run(factory.run_info("r"))
        assert [run.info.id for run in database.runs()] == ["r"]
        assert SECRET in database.url
