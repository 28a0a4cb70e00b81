"""One module per verb of the command line: here the strangers of the layers below are put together."""
