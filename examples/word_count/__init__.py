"""Word count: two supervised guests count the words of a text, and survive a line that crashes one of them."""
