"""The engine, wasmtime: its profiles, its C layout, and the cache of the code that it compiles."""
