"""The type checkers of the tests: as in Python's own rules, a whole number may stand where a float is wanted."""

from pathlib import Path

from beartype import BeartypeConf, FrozenDict, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))

check_settings = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=FrozenDict({Path: str | Path})))
"""Settings take strings where they hold paths, and turn them into such."""
