"""Actors: names with their mailboxes, their lives, the tree of supervisors, the system."""
