"""Checks every annotated shape while the tests run."""

from jaxtyping import install_import_hook

install_import_hook("recyclegan", "beartype.beartype")
