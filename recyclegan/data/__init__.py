"""From folders of footage to seeded batches: index, cache at load size, sampling, preparation."""

from recyclegan.data.building import Progress
from recyclegan.data.cache import cached_clips, default_cache_bytes, default_cache_folder
from recyclegan.data.cached_clip import CachedClip
from recyclegan.data.domains import CachedDomain, DomainFrames, load_data
from recyclegan.data.index import Clip, find_clips, index_data
from recyclegan.data.loading import LoadSpec
from recyclegan.data.resize import WHOLE_FRAME, Crop, Resize
from recyclegan.data.sampling import UnpairedClips
from recyclegan.data.scale import Scale

__all__ = [
    "WHOLE_FRAME",
    "CachedClip",
    "CachedDomain",
    "Clip",
    "Crop",
    "DomainFrames",
    "LoadSpec",
    "Progress",
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
