"""The methods, one file each; a new one is named in `recyclegan.settings.methods`, too.

For: training. In: clips of a domain in [-1, 1]. Out: the weighted loss terms of one direction, and the fakes.
"""

from recyclegan.methods.cut import CUT
from recyclegan.methods.cycle_gan import CycleGAN
from recyclegan.methods.method import Method
from recyclegan.methods.recycle_gan import ReCycleGAN, RecycleGAN
from recyclegan.methods.unsup_recycle_gan import UnsupRecycleGAN
from recyclegan.settings.methods import METHODS

__all__ = ["CUT", "METHODS", "CycleGAN", "Method", "ReCycleGAN", "RecycleGAN", "UnsupRecycleGAN"]
