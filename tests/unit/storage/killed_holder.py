"""Takes the lease of a store and dies without giving it back, or lives until its input ends."""

import datetime
import os
import sys

import audit_factory as factory

from storefleet.storage import Database

url, store, how = sys.argv[1:]
database = Database.open(url)
database.guards.take([store], factory.run_info("r-holder"), datetime.datetime.now(datetime.UTC))
sys.stdout.write("taken\n")
sys.stdout.flush()
if how == "lives":
    sys.stdin.read()
os._exit(9)
