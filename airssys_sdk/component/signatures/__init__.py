"""The types of functions: what stands in them, and whether a component's are the expected ones."""
