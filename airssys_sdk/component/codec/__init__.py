"""Codecs: functions compiled once for a signature, which lower Python values into cells and lift cells into values."""
