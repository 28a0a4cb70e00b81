"""The fleet folder as values: stores and hosts from a table and a blueprint, Nornir's files, who may log in how."""
