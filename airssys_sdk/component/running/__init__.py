"""One running instance: its state, calls in slices, what it may use, what it waits for and how it fails."""
