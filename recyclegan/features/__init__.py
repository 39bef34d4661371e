"""Networks with weights of others, frozen: features for the content term, discriminators and measures.

For: methods and evaluation. In: frames in [-1, 1]. Out: features of several layers; verdicts on them.
"""

from recyclegan.features.pretrained import VGGFeatures, load_content_features

__all__ = ["VGGFeatures", "load_content_features"]
