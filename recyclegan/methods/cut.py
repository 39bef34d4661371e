"""CUT: contrastive unpaired translation, one direction.

Source: Park, Efros, Zhang and Zhu, ECCV 2020, arXiv 2007.15651.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from recyclegan import losses
from recyclegan.domains import VIDEO, Direction, Domains
from recyclegan.errors import InputError
from recyclegan.flow import sample_motion, sample_noise
from recyclegan.methods.method import Fakes, Method
from recyclegan.networks import ResNetGenerator, initialize
from recyclegan.settings.methods import CUTConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Frames, Scalar, Terms, Translated

Features = Float[Tensor, "batch features rows columns"]


class CUT(Method):
    """Ask that each place of a translation keeps most in common with the same place of its source; a to b only."""

    name = "cut"
    directions = ("ab",)
    reads_layers = True
    compares = ("contrastive", "identity")

    Config = CUTConfig
    config: CUTConfig

    def __init__(self, config: CUTConfig, networks: NetworkConfig, domains: Domains = VIDEO) -> None:
        """Build the networks, and an embedding for each of the compared layers.

        Raises:
            InputError: the generator is no ResNet, it has no such layers before it widens the frame again, or the
                domains differ in channels.
        """
        super().__init__(config, networks, domains)
        G = self.generators["ab"]
        if type(G) is not ResNetGenerator:
            raise InputError(f"cut: found generator {networks.generator}, expected resnet-6 or resnet-9")
        widths = encoder_widths(G, domains.channels_of("a"))
        if not config.layers or len(set(config.layers) & set(range(len(widths)))) < len(config.layers):
            raise InputError(f"cut layers: found {config.layers}, expected different ones of 0 to {len(widths) - 1}")
        self.embeddings = nn.ModuleList(Embedding(widths[layer], config.embedding) for layer in sorted(config.layers))

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the three terms of frames of a."""
        G, w, flow = self.generators[direction], self.config, self.config.flow
        x, y = real[:, 0], fake

        if w.adversarial:
            yield "adversarial", w.adversarial * self.adversarial_loss(real, y, direction, rng)
        if w.contrastive:
            yield "contrastive", w.contrastive * self.contrastive(x, y, rng)
        if w.unsup_spatial:
            f, n = sample_motion(flow, x, rng), sample_noise(flow, x, rng)
            yield "unsup_spatial", w.unsup_spatial * losses.unsup_spatial(G, x, y, f, n)

    def target_terms(self, real: Clips, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the term of frames of b: each place of a frame stays like itself when the frame is translated."""
        if self.config.identity:
            y = real[:, 0]
            yield "identity", self.config.identity * self.contrastive(y, self.generators[direction](y), rng)

    def contrastive(self, real: Frames, fake: Translated, rng: torch.Generator) -> Scalar:
        """Return the contrastive loss between random places of ``fake`` and of ``real``, as a mean over layers.

        Gradients flow through ``fake`` alone.
        """
        G, layers = self.generators["ab"], sorted(self.config.layers)
        assert isinstance(G, ResNetGenerator)
        terms = []
        features = zip(self.embeddings, encode(G, real, layers), encode(G, fake, layers), strict=True)
        for embed, source, translated in features:
            places = torch.randperm(source[0, 0].numel(), generator=rng, device=rng.device)[: self.config.places]
            query, key = embed(translated, places), embed(source, places).detach()
            terms.append(losses.contrastive(query, key, self.config.temperature))
        return torch.stack(terms).mean()


class Embedding(nn.Module):
    """Map the features of a place to a vector of length 1, through two fully connected layers."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Linear(size, size))
        initialize(self)

    def forward(self, features: Features, places: Int64[Tensor, " places"]) -> Float[Tensor, "batch places size"]:
        """Return the vectors of ``places``, counted along rows from the top left."""
        return functional.normalize(self.layers(features.flatten(2)[:, :, places].transpose(1, 2)), dim=2)


def encode(generator: ResNetGenerator, frames: Frames, layers: Sequence[int]) -> Iterator[Features]:
    """Yield the features after each of ``layers``.

    Use each before asking for the next: some layers change them in place.
    """
    features = frames
    for number, layer in enumerate(islice(generator.model, max(layers) + 1)):
        features = layer(features)
        if number in layers:
            yield features


def encoder_widths(generator: ResNetGenerator, channels: int) -> list[int]:
    """Return the number of channels after each layer that comes before the frame is widened again."""
    widths = []
    for layer in generator.model:
        if isinstance(layer, nn.ConvTranspose2d):
            break
        channels = layer.out_channels if isinstance(layer, nn.Conv2d) else channels
        widths.append(channels)
    return widths
