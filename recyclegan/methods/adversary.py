"""The adversary: the discriminators of each domain, what they are shown, and the losses of both sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from recyclegan import losses
from recyclegan.domains import DOMAINS, Domain, Domains
from recyclegan.features.efficientnet import load_efficientnet
from recyclegan.features.projected import FeatureDiscriminator, ProjectedFeatures
from recyclegan.flow import Motion, sample_motion, visible, warp
from recyclegan.losses import Verdicts, mean_of, verdicts_in
from recyclegan.methods.augmentation import sample_augmentation
from recyclegan.networks import make_discriminator
from recyclegan.networks.discriminators import COORDINATES, Jury, MultiScale, WithCoordinates
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig, Objective
from recyclegan.tensors import Flow, Frames, Scalar, Translate

OBJECTIVES: dict[Objective, tuple[Callable[[Tensor], Scalar], Callable[[Tensor, Tensor, Tensor | None], Scalar]]] = {
    "least-squares": (losses.adversarial, losses.discriminator),
    "cross-entropy": (losses.vanilla_adversarial, losses.vanilla_discriminator),
    "hinge": (losses.hinge_adversarial, losses.hinge_discriminator),
}
"""The loss of generators and that of discriminators, by objective."""
CELLS = 16
"""Cells along the shorter side of a frame whose brightness is compared."""
TOLERANCE = 1.0
"""Difference of brightness, in standard deviations of the frame's own, at which nothing agrees any more."""

Fakes = Float[Tensor, "fakes channels_out height width"]
"""Translated frames: one or several for each clip."""
Agreement = Float[Tensor, "batch 1 cells_down cells_across"]
"""How far cells of two frames agree: 0 to 1."""


def discriminators_of(networks: NetworkConfig, domains: Domains, domain: Domain) -> nn.Module:
    """Return the discriminator of a domain, or all those that it has, with first weights."""
    adversary, channels = networks.adversary, domains.channels_of(domain)
    scales = [_of_frames(networks, channels) for _ in range(adversary.scales)]
    frames = MultiScale(scales) if len(scales) > 1 else scales[0]
    if adversary.is_plain:
        return frames
    pairs = _plain(networks, 2 * channels) if adversary.pairs else None
    sees_features = adversary.projected and not domains.palette_of(domain)  # label maps have none
    return Jury(frames, FeatureDiscriminator() if sees_features else None, pairs)


def _of_frames(networks: NetworkConfig, channels: int) -> nn.Module:
    """Return a discriminator of single frames, which knows where it looks if that is wanted."""
    if networks.adversary.coordinates:
        return WithCoordinates(_plain(networks, channels + COORDINATES))
    return _plain(networks, channels)


def _plain(networks: NetworkConfig, channels: int) -> nn.Module:
    return make_discriminator(
        networks.discriminator,
        channels,
        networks.discriminator_width,
        networks.discriminator_layers,
        networks.norm_of_discriminators,
        networks.adversary.spectral_norm,
    )


def backbone_of(networks: NetworkConfig) -> ProjectedFeatures | None:
    """Return the frozen network whose features are judged; None where none are.

    Raises:
        InputError: its weights are not there.
    """
    config = networks.adversary
    return ProjectedFeatures(load_efficientnet(config.efficientnet)) if config.projected else None


ITERATIONS = 5
"""Steps of the fixed-point iteration that inverts a flow."""
Joined = Float[Tensor, "batch channels_twice height width"]


@dataclass(frozen=True)
class FramePair:
    """A frame, and the next one brought back onto it."""

    first: Frames
    second: Frames

    def joined(self) -> Joined:
        """Return the frame and how the other differs from it, joined by channel: look and steadiness at once."""
        return torch.cat([self.first, self.second - self.first], dim=1)


class Adversary:
    """The losses of generators and discriminators, over everything that a domain has of the latter.

    Losses on frames weigh 1; they are averaged with those on features and on pairs by weight.
    """

    def __init__(
        self,
        networks: NetworkConfig,
        domains: Domains,
        discriminators: nn.ModuleDict,
        backbone: ProjectedFeatures | None,
        motion: FlowSynthesis,
    ) -> None:
        self.config, self.domains, self.motion = networks.adversary, domains, motion
        self.discriminators, self.backbone = discriminators, backbone
        self.fools, self.tells = OBJECTIVES[networks.objective]
        self.share = torch.ones(())
        self.set_step(0)
        self._fake_pairs: dict[Domain, FramePair] = {}
        self._sources: dict[Domain, Frames] = {}

    def generator_loss(self, verdicts: Verdicts) -> Scalar:
        """Return the mean loss of generators for the verdicts on their fakes."""
        return mean_of([self.fools(verdict) for verdict in verdicts_in(verdicts)])

    def fooling(self, domain: Domain, fake: Frames, rng: torch.Generator) -> Scalar:
        """Return how far the discriminators of a domain are from taking single frames for real."""
        return _weighed(self._fooling(domain, fake, rng))

    def fooling_in_pairs(
        self, domain: Domain, source: Frames, fake: Fakes, translate: Translate, rng: torch.Generator
    ) -> Scalar:
        """Return the same for single frames and, where they are judged, for pairs of them.

        ``fake`` starts with the translations of ``source``, one after another. The pair is that of a translation and of
        the translation of the moved source; the discriminators of this step will be shown it as well.
        """
        parts = self._fooling(domain, fake, rng)
        if self.config.masked:
            self._sources[domain] = source[:, : self.domains.channels_of("a" if domain == "b" else "b")]
        if self.config.pairs:
            motion = sample_motion(self.motion, source, rng)
            pair = aligned(fake[: len(source)], translate(motion(source)), motion)
            self._fake_pairs[domain] = FramePair(pair.first.detach(), pair.second.detach())
            said = self._on_pair(domain, pair, self._changes(domain, pair.first, rng))
            parts.append((self.config.pairs, self.generator_loss(said)))
        return _weighed(parts)

    def telling(self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None) -> Scalar:
        """Return the loss of the discriminators of a domain; ``fake`` carries no gradient.

        ``rng`` may be left out where nothing is drawn: neither changes nor pairs.
        """
        change, other = self._changes_of_both(domain, real, fake, rng)
        shown_real, shown_fake, where = change(real), other(fake), self._agreement(domain, real)
        both = zip(self._verdicts(domain, shown_real), self._verdicts(domain, shown_fake), strict=True)
        parts = [(weight, self._told(on_real, on_fake, where)) for (weight, on_real), (_, on_fake) in both]
        if domain in self._fake_pairs:
            assert rng is not None
            parts.append((self.config.pairs, self._telling_pairs(domain, real, self._fake_pairs.pop(domain), rng)))
        loss, r1 = _weighed(parts), self.config.r1[DOMAINS.index(domain)] * self.config.r1_every
        return loss + r1 * losses.r1(self.discriminators[domain], shown_real) if r1 and self.is_penalised else loss

    def set_step(self, step: int) -> None:
        """Take the number of the step (from 0) that losses are asked for.

        Where the gradient penalty is lazy, some steps have one, which stands for those up to the next. Where changes
        are ramped up, a share of the frames gets them; nothing waits for the device.
        """
        self.is_penalised = any(self.config.r1) and step % self.config.r1_every == 0
        self.share.fill_(min(1.0, step / self.config.augment_ramp) if self.config.augment_ramp else 1.0)

    def to(self, device: torch.device) -> None:
        """Keep what changes by the step on a device."""
        self.share = self.share.to(device)

    def _fooling(self, domain: Domain, fake: Frames, rng: torch.Generator) -> list[tuple[float, Scalar]]:
        shown = self._changes(domain, fake, rng)(fake)
        return [(weight, self.generator_loss(said)) for weight, said in self._verdicts(domain, shown)]

    def _verdicts(self, domain: Domain, shown: Frames) -> list[tuple[float, Verdicts]]:
        """Return what is said of single frames, and of their features where these are judged, each with its weight."""
        judge = self.discriminators[domain]
        said: list[tuple[float, Verdicts]] = [(1.0, judge(shown))]
        if self.backbone is not None and isinstance(judge, Jury) and judge.features is not None:
            said.append((self.config.projected, judge.on_features(self.backbone(shown))))
        return said

    def _agreement(self, domain: Domain, real: Frames) -> Agreement | None:
        """Return where real frames and the sources of the fakes beside them agree; None where that plays no part."""
        source = self._sources.pop(domain, None)
        return None if source is None else agreement(real, source.repeat(len(real) // len(source), 1, 1, 1))

    def _telling_pairs(self, domain: Domain, real: Frames, fake: FramePair, rng: torch.Generator) -> Scalar:
        first = real[: len(fake.first)]
        motion = sample_motion(self.motion, first, rng)
        pair = aligned(first, motion(first), motion)
        change, other = self._changes_of_both(domain, first, fake.first, rng)
        return self._told(self._on_pair(domain, pair, change), self._on_pair(domain, fake, other))

    def _on_pair(self, domain: Domain, pair: FramePair, change: Translate) -> Verdicts:
        """Return the verdict on a pair, both frames changed alike."""
        jury = self.discriminators[domain]
        assert isinstance(jury, Jury)
        return jury.on_pairs(FramePair(change(pair.first), change(pair.second)).joined())

    def _told(self, real: Verdicts, fake: Verdicts, where: Agreement | None = None) -> Scalar:
        pairs = zip(verdicts_in(real), verdicts_in(fake), strict=True)
        return mean_of([self.tells(*pair, _weight(where, pair[0])) for pair in pairs])

    def _changes_of_both(
        self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None
    ) -> tuple[Translate, Translate]:
        """Return what is done to real frames and to fakes: drawn for each or, where they are matched, once for both."""
        change = self._changes(domain, real, rng)
        return change, change if self.config.matched else self._changes(domain, fake, rng)

    def _changes(self, domain: Domain, frames: Frames, rng: torch.Generator | None) -> Translate:
        """Return drawn changes of frames of a domain: label maps keep their colours."""
        is_label = bool(self.domains.palette_of(domain))
        kinds = [kind for kind in self.config.augment if kind != "colour" or not is_label]
        if not kinds:
            return lambda unchanged: unchanged
        assert rng is not None
        return sample_augmentation(kinds, frames, rng, self.share if self.config.augment_ramp else None)


def _weighed(parts: Sequence[tuple[float, Scalar]]) -> Scalar:
    """Return the mean of losses by weight; one alone keeps its bits."""
    weights, values = zip(*parts, strict=True)
    if len(values) == 1:
        return values[0]
    return torch.stack([w * value for w, value in zip(weights, values, strict=True)]).sum() / sum(weights)


def _weight(where: Agreement | None, verdict: Tensor) -> Tensor | None:
    """Return how far frames agree, for each patch of a verdict."""
    rows, columns = verdict.shape[-2:]
    return None if where is None else functional.adaptive_avg_pool2d(where, (rows, columns))


def agreement(one: Frames, other: Float[Tensor, "batch _ _ _"]) -> Agreement:
    """Return how far each cell of a frame is as light, among the cells of its frame, as the same cell of another.

    Brightness counts in standard deviations from the frame's mean, so that a darker or paler look agrees as well.
    """
    height, width = one.shape[-2:]
    scale = CELLS / min(height, width)
    cells = round(height * scale), round(width * scale)
    gap = standing_out(one, cells) - standing_out(other, cells)
    return (1 - gap.abs() / TOLERANCE).clamp(min=0)


def standing_out(frames: Frames, cells: tuple[int, int]) -> Agreement:
    """Return by how many standard deviations each cell is lighter than the mean of its frame."""
    grey = functional.adaptive_avg_pool2d(frames.detach().float().mean(dim=1, keepdim=True), cells)
    centred = grey - grey.mean(dim=(2, 3), keepdim=True)
    return centred / centred.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp(min=1e-3)


def aligned(first: Frames, moved: Frames, motion: Motion) -> FramePair:
    """Return the pair of ``first`` and ``moved``, which shows the same scene after ``motion``, with that undone.

    Where the motion brought in what the first frame does not show, both show the first.
    """
    back = inverse(motion.flow)
    seen = warp(motion.visible.to(back.dtype), back) * visible(back) > 1 - 1e-3
    return FramePair(first, torch.where(seen, warp(moved, back), first))


def inverse(flow: Flow) -> Flow:
    """Return the flow that undoes a smooth one: ``warp(warp(x, flow), inverse(flow))`` is ``x`` but for resampling.

    It solves ``g(p) = -flow(p - g(p))`` by iteration.
    """
    back = -flow
    for _ in range(ITERATIONS):
        back = -warp(flow, back)
    return back
