"""Bulk: a component composed with adapters that carry its lists of numbers as text, which the engine copies in one step."""
