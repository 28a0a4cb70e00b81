"""What differs between two pictures of a host, and what that is: pure decisions over texts."""
