"""Arguments, progress, exit codes: what a person or a script meets first."""
