"""What runs inside a guest while it is built: the build stages a copy of this folder, and nothing on the host runs it."""
