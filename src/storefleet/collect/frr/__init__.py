"""The collector of store routers that run FRR: one command line, one shell, and a table of who answers for what."""
