"""From folders of footage to seeded batches: index, cache at load size, sampling, preparation.

For: training, evaluation and the doctor. In: a folder with ``train/A``, ``train/B``, ``val/A``, ``val/B``.
Out: clips by name, and arrays of frames at the load size, from a cache that checks what it reads.
"""

from recyclegan.data.cache import (
    CachedClip,
    CachedDomain,
    DomainFrames,
    cached_clips,
    default_cache_bytes,
    default_cache_folder,
    load_data,
)
from recyclegan.data.index import Clip, find_clips, index_data
from recyclegan.data.loading import LoadSpec
from recyclegan.data.resize import WHOLE_FRAME, Crop, Resize, Scale
from recyclegan.data.sampling import UnpairedClips

__all__ = [
    "WHOLE_FRAME",
    "CachedClip",
    "CachedDomain",
    "Clip",
    "Crop",
    "DomainFrames",
    "LoadSpec",
    "Resize",
    "Scale",
    "UnpairedClips",
    "cached_clips",
    "default_cache_bytes",
    "default_cache_folder",
    "find_clips",
    "index_data",
    "load_data",
]
