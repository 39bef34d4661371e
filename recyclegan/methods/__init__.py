"""The methods by name. A new one is one file and one word here."""

from recyclegan.methods.method import Method, NetworkConfig, PerDomain
from recyclegan.methods.unsup_recycle_gan import UnsupRecycleGAN

METHODS: dict[str, type[Method]] = {method.name: method for method in (UnsupRecycleGAN,)}

__all__ = ["METHODS", "Method", "NetworkConfig", "PerDomain", "UnsupRecycleGAN"]
