"""From a component to Python functions: loading, linking, instantiating, with generated code or without."""
