"""From folders of footage to seeded batches: index, cache at load size, sampling, preparation."""

from recyclegan.data.cache import LoadSpec, Progress, cached_clips, default_cache_folder
from recyclegan.data.index import Clip, find_clips, index_data
from recyclegan.data.resize import WHOLE_FRAME, Crop, Resize
from recyclegan.data.sampling import DomainFrames, UnpairedClips, load_data

__all__ = [
    "WHOLE_FRAME",
    "Clip",
    "Crop",
    "DomainFrames",
    "LoadSpec",
    "Progress",
    "Resize",
    "UnpairedClips",
    "cached_clips",
    "default_cache_folder",
    "find_clips",
    "index_data",
    "load_data",
]
