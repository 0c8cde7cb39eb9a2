"""Bulk bytes: a component composed with adapters that carry its `list<u8>` as text, which the engine copies in one step."""
