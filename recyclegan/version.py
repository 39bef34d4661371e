"""The version, read by the build and written into what the program leaves behind."""

__version__ = "0.1.0"
