"""The doors of the file system: outputs appear whole or not at all, inputs are read or refused in one line."""

from recyclegan.files.locks import only_one
from recyclegan.files.places import kind_of, natural_key
from recyclegan.files.reading import digest, digest_of, read_json, read_text
from recyclegan.files.scratch import sweep
from recyclegan.files.writing import (
    added_to,
    append_text,
    check_writable,
    encoded,
    temporary_folder,
    whole_file,
    whole_folder,
    write_bytes,
    write_json,
    write_text,
    write_together,
)

__all__ = [
    "added_to",
    "append_text",
    "check_writable",
    "digest",
    "digest_of",
    "encoded",
    "kind_of",
    "natural_key",
    "only_one",
    "read_json",
    "read_text",
    "sweep",
    "temporary_folder",
    "whole_file",
    "whole_folder",
    "write_bytes",
    "write_json",
    "write_text",
    "write_together",
]
