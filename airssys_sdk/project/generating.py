"""Generating what stands beside the author's code: bindings, the names file, and the skeleton in the app module."""
