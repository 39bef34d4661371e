"""The methods, one file each; a new one is named in `recyclegan.settings.methods`, too."""

from recyclegan.methods.cut import CUT
from recyclegan.methods.cycle_gan import CycleGAN
from recyclegan.methods.method import NO_LABELS, Method
from recyclegan.methods.recycle_gan import ReCycleGAN, RecycleGAN
from recyclegan.methods.unsup_recycle_gan import UnsupRecycleGAN
from recyclegan.settings.methods import METHODS

__all__ = [
    "CUT",
    "METHODS",
    "NO_LABELS",
    "CycleGAN",
    "Method",
    "ReCycleGAN",
    "RecycleGAN",
    "UnsupRecycleGAN",
]
