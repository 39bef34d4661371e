"""The published implementation's dialect: its options, file names, checkpoints, and the arithmetic of its scores.

Facts about an interface, written down once; nothing here trains or prints.
"""
