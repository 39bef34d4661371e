"""What can be configured, as dataclasses that are read without loading torch."""
