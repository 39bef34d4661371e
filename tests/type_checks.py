"""The type checker of the tests: as in Python's own rules, a whole number may stand where a float is wanted."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
