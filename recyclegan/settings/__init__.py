"""What can be configured, as dataclasses that are read without loading torch.

For: the command line, Python and run folders alike. In: words, keywords or JSON. Out: checked configurations.
"""
