"""What a guest writes: captured, and explained when the guest dies."""
