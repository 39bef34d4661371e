"""Videos in and out, by subject."""
