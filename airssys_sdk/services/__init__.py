"""What a node offers to its components: storage, messaging, logging and time, without knowing of wasm or actors."""
