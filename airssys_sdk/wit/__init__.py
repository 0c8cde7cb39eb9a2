"""The language: the model of WIT, its reader and printer, Python's names and values for it, WAVE text."""
