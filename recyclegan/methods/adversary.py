"""The adversary: the discriminators of each domain, what they are shown, and the losses of both sides."""

from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from recyclegan import losses
from recyclegan.domains import DOMAINS, Domain, Domains
from recyclegan.features.efficientnet import load_efficientnet
from recyclegan.features.projected import FeatureDiscriminator, ProjectedFeatures
from recyclegan.flow import sample_motion
from recyclegan.losses import Verdicts, mean_of, verdicts_in
from recyclegan.methods.augmentation import sample_augmentation
from recyclegan.methods.frame_pairs import FramePair, aligned
from recyclegan.methods.layout_masks import Agreement, agreement
from recyclegan.networks import make_discriminator
from recyclegan.networks.coordinates import COORDINATES, WithCoordinates
from recyclegan.networks.discriminators import Jury, MultiScale
from recyclegan.settings.adversarial import AugmentationName
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig, Objective
from recyclegan.tensors import Frames, Scalar, Translate

OBJECTIVES: dict[Objective, tuple[Callable[[Tensor], Scalar], Callable[[Tensor, Tensor, Tensor | None], Scalar]]] = {
    "least-squares": (losses.adversarial, losses.discriminator),
    "cross-entropy": (losses.vanilla_adversarial, losses.vanilla_discriminator),
    "hinge": (losses.hinge_adversarial, losses.hinge_discriminator),
}
"""The loss of generators and that of discriminators, by objective."""


Fakes = Float[Tensor, "fakes channels_out height width"]
"""Translated frames: one or several for each clip."""


def discriminators_of(networks: NetworkConfig, domains: Domains, domain: Domain) -> nn.Module:
    """Return the discriminator of a domain, or all those that it has, with first weights."""
    if networks.adversary.is_plain:
        return _of_frames(networks, domains.channels_of(domain))
    scales = [_of_frames(networks, domains.channels_of(domain)) for _ in range(networks.adversary.scales)]
    frames = MultiScale(scales) if len(scales) > 1 else scales[0]
    pairs = _plain(networks, 2 * domains.channels_of(domain)) if networks.adversary.pairs else None
    return Jury(frames, FeatureDiscriminator() if sees_features(networks, domains, domain) else None, pairs)


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


def sees_features(networks: NetworkConfig, domains: Domains, domain: Domain) -> bool:
    """Return whether a domain has discriminators on features, which label maps do not have."""
    return bool(networks.adversary.projected) and not domains.palette_of(domain)


def backbone_of(networks: NetworkConfig) -> ProjectedFeatures | None:
    """Return the frozen network whose features are judged; None where none are.

    Raises:
        InputError: its weights are not there.
    """
    config = networks.adversary
    return ProjectedFeatures(load_efficientnet(config.efficientnet)) if config.projected else None


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
        parts = list(self._fooling(domain, fake, rng))
        if self.config.masked:
            self._sources[domain] = source[:, : self.domains.channels_of("a" if domain == "b" else "b")]
        if self.config.pairs:
            motion = sample_motion(self.motion, source, rng)
            pair = aligned(fake[: len(source)], translate(motion(source)), motion)
            self._fake_pairs[domain] = pair.detached()
            shown = _changed(pair, self._changes(domain, pair.first, rng))
            parts.append((self.config.pairs, self.generator_loss(self._jury(domain).on_pairs(shown))))
        return _weighed(parts)

    def telling(self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None) -> Scalar:
        """Return the loss of the discriminators of a domain; ``fake`` carries no gradient.

        ``rng`` may be left out where nothing is drawn: neither changes nor pairs.
        """
        shown_real, shown_fake = self._shown(domain, real, fake, rng)
        parts = [*self._telling(domain, shown_real, shown_fake, self._agreement(domain, real))]
        if domain in self._fake_pairs:
            assert rng is not None
            parts.append((self.config.pairs, self._telling_pairs(domain, real, self._fake_pairs.pop(domain), rng)))
        loss, r1 = _weighed(parts), self.config.r1[DOMAINS.index(domain)]
        return loss + r1 * losses.r1(self.discriminators[domain], shown_real) if r1 else loss

    def _fooling(self, domain: Domain, fake: Frames, rng: torch.Generator) -> Iterator[tuple[float, Scalar]]:
        judge, shown = self.discriminators[domain], self._changes(domain, fake, rng)(fake)
        yield 1.0, self.generator_loss(judge(shown))
        if self._sees_features(domain):
            yield self.config.projected, self.generator_loss(self._jury(domain).on_features(self._features(shown)))

    def _agreement(self, domain: Domain, real: Frames) -> Agreement | None:
        """Return where real frames and the sources of the fakes beside them agree; None where that plays no part."""
        source = self._sources.pop(domain, None)
        return None if source is None else agreement(real, source.repeat(len(real) // len(source), 1, 1, 1))

    def _telling(
        self, domain: Domain, real: Frames, fake: Frames, where: Agreement | None
    ) -> Iterator[tuple[float, Scalar]]:
        judge = self.discriminators[domain]
        yield 1.0, self._told(judge(real), judge(fake), where)
        if self._sees_features(domain):
            heads = self._jury(domain).on_features
            yield self.config.projected, self._told(heads(self._features(real)), heads(self._features(fake)), where)

    def _telling_pairs(self, domain: Domain, real: Frames, fake: FramePair, rng: torch.Generator) -> Scalar:
        first = real[: len(fake.first)]
        motion = sample_motion(self.motion, first, rng)
        pair = aligned(first, motion(first), motion)
        change = self._changes(domain, first, rng)
        other = change if self.config.matched else self._changes(domain, fake.first, rng)
        judge = self._jury(domain).on_pairs
        return self._told(judge(_changed(pair, change)), judge(_changed(fake, other)))

    def _told(self, real: Verdicts, fake: Verdicts, where: Agreement | None = None) -> Scalar:
        pairs = zip(verdicts_in(real), verdicts_in(fake), strict=True)
        return mean_of([self.tells(*pair, _weight(where, pair[0])) for pair in pairs])

    def _shown(self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None) -> tuple[Frames, Frames]:
        """Return real frames and fakes, changed by draws of their own or, where they are matched, by the same."""
        if not self._kinds(domain):
            return real, fake
        assert rng is not None
        change = self._changes(domain, real, rng)
        return change(real), (change if self.config.matched else self._changes(domain, fake, rng))(fake)

    def _changes(self, domain: Domain, frames: Frames, rng: torch.Generator) -> Translate:
        kinds = self._kinds(domain)
        return sample_augmentation(kinds, frames, rng) if kinds else lambda unchanged: unchanged

    def _kinds(self, domain: Domain) -> list[AugmentationName]:
        """Return how frames of a domain are changed: label maps keep their colours."""
        return [kind for kind in self.config.augment if kind != "colour" or not self.domains.palette_of(domain)]

    def _jury(self, domain: Domain) -> Jury:
        jury = self.discriminators[domain]
        assert isinstance(jury, Jury)
        return jury

    def _sees_features(self, domain: Domain) -> bool:
        return self.backbone is not None and not self.domains.palette_of(domain)

    def _features(self, frames: Frames) -> list[Tensor]:
        assert self.backbone is not None
        return self.backbone(frames)


def _changed(pair: FramePair, change: Translate) -> Tensor:
    """Return a pair for a discriminator, both frames changed alike."""
    return FramePair(change(pair.first), change(pair.second)).joined()


def _weighed(parts: Iterable[tuple[float, Scalar]]) -> Scalar:
    """Return the mean of losses by weight; one alone keeps its bits."""
    weights, values = zip(*parts, strict=True)
    if len(values) == 1:
        return values[0]
    return torch.stack([w * value for w, value in zip(weights, values, strict=True)]).sum() / sum(weights)


def _weight(where: Agreement | None, verdict: Tensor) -> Tensor | None:
    """Return how far frames agree, for each patch of a verdict."""
    rows, columns = verdict.shape[-2:]
    return None if where is None else functional.adaptive_avg_pool2d(where, (rows, columns))
