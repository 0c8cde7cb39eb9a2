"""Codecs: functions made once for a signature, which lower Python values for the engine and lift what it gives."""
