"""One process that runs components."""
