"""The methods by name. A new one is one file and one word here."""

from recyclegan.methods.cut import CUT
from recyclegan.methods.cycle_gan import CycleGAN
from recyclegan.methods.method import NO_LABELS, Method, NetworkConfig, PerDomain
from recyclegan.methods.recycle_gan import ReCycleGAN, RecycleGAN
from recyclegan.methods.unsup_recycle_gan import UnsupRecycleGAN

METHODS: dict[str, type[Method]] = {
    method.name: method for method in (UnsupRecycleGAN, CycleGAN, RecycleGAN, ReCycleGAN, CUT)
}

__all__ = [
    "CUT",
    "METHODS",
    "NO_LABELS",
    "CycleGAN",
    "Method",
    "NetworkConfig",
    "PerDomain",
    "ReCycleGAN",
    "RecycleGAN",
    "UnsupRecycleGAN",
]
