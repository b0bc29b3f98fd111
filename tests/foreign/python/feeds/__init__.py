"""Cases for this project's code, of fresh random keys."""
