"""Reading the user's files with line numbers, and writing our own so that nothing is ever half-written."""
