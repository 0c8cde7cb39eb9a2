"""Calls into components beside what others offer for the same: jco on Node, and extism."""
