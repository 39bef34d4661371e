"""What the arrays that pass between modules are called. A flow is in pixels, as in `recyclegan.tensors`."""

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8

Image = UInt8[np.ndarray, "height width channels"]
Picture = UInt8[np.ndarray, "_ _ _"]
"""An image among others, which may differ from it in size."""
ClassMap = UInt8[np.ndarray, "height width"]
FlowArray = Float32[np.ndarray, "height width 2"]
MaskArray = Bool[np.ndarray, "height width"]
Palette = Int[np.ndarray, "classes 3"]
"""Red, green and blue (0 to 255) of each class of label maps."""
