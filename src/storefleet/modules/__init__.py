"""What can be done to one host: a module reads, decides, asks for changes, or says why there is nothing to do."""
