"""The doors of the file system: outputs appear whole or not at all, inputs are read or refused in one line.

For: every module that opens a file. In: a path. Out: its contents, or a file that is complete.
"""

from recyclegan.files.scratch import only_one, sweep
from recyclegan.files.whole_reads import check_is_file, digest, digest_of, kind_of, natural_key, read_json, read_text
from recyclegan.files.whole_writes import (
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
    "check_is_file",
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
