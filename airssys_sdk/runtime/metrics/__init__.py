"""What a node does, in numbers: measured per component, read as one frozen snapshot, exported by optional libraries."""
