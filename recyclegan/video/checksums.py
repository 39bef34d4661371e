"""The checksums that lossless FFV1 carries; FFmpeg's decoder reads them, but tells nobody."""

import zlib

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TRAILER = 8
"""Bytes at the end of a slice: its size in three, its state in one, and the checksum."""


def is_sound_ffv1(packet: bytes) -> bool:
    """Return whether every slice of an FFV1 packet has the checksum that it states; true where none are stated."""
    slices = _slices(packet)
    return slices is None or all(_remainder(part) == 0 for part in slices)


def _slices(packet: bytes) -> list[bytes] | None:
    """Return the slices of a packet with their trailers, found from its end; None where they carry no checksums."""
    slices = []
    end = len(packet)
    while end >= _TRAILER:
        start = end - _TRAILER - int.from_bytes(packet[end - _TRAILER : end - _TRAILER + 3])
        if start < 0:
            return None
        slices.append(packet[start:end])
        end = start
    return slices if end == 0 else None


def _remainder(data: bytes) -> int:
    """Return the CRC-32 of data with the highest bit first and without a start value; 0 where it ends in its own."""
    return zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
