"""Every loss term of the methods, one function each. All norms are means; nothing here knows a network.

The terms that compare translations take *any* callables, so that they can be put into a training loop of one's own.
Whatever the precision of what they compare, under autocast too, squares, exponentials and means have 32 bits or more.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.tensors import Frames, Scalar, Translate, Translated


def full(values: Tensor) -> Tensor:
    """Return values in 32 bits where they have fewer: half of them overflow in a square and round in a mean."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def adversarial(verdict: Tensor) -> Scalar:
    """Return ``(D(G(x)) - 1)^2``: how far the discriminator is from taking fakes for real.

    Source: Mao et al. 2017, least squares GAN.
    """
    return (full(verdict) - 1).square().mean()


def discriminator(verdict_real: Tensor, verdict_fake: Tensor, weight: Tensor | None = None) -> Scalar:
    """Return ``0.5 * ((D(y) - 1)^2 + D(fake)^2)``, patches by weight. Source: Mao et al. 2017, least squares GAN."""
    real, fake = (full(verdict_real) - 1).square(), full(verdict_fake).square()
    return 0.5 * (mean_by_weight(real, weight) + mean_by_weight(fake, weight))


def mean_by_weight(values: Tensor, weight: Tensor | None) -> Scalar:
    """Return the mean of values of patches, each by its weight of 0 to 1; 0 where all weights are."""
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum().clamp(min=1e-3)


def vanilla_adversarial(verdict: Tensor) -> Scalar:
    """Return the cross-entropy of logits against "real": it does not saturate where fakes are found out.

    Source: Goodfellow et al. 2014, the objective named non-saturating.
    """
    return _cross_entropy(verdict, 1.0)


def vanilla_discriminator(verdict_real: Tensor, verdict_fake: Tensor, weight: Tensor | None = None) -> Scalar:
    """Return half the cross-entropy of logits of real and fake frames, patches by weight.

    Source: Goodfellow et al. 2014.
    """
    return 0.5 * (_cross_entropy(verdict_real, 1.0, weight) + _cross_entropy(verdict_fake, 0.0, weight))


def hinge_adversarial(verdict: Tensor) -> Scalar:
    """Return ``-D(G(x))``. Source: Lim and Ye 2017, Geometric GAN."""
    return -full(verdict).mean()


def hinge_discriminator(verdict_real: Tensor, verdict_fake: Tensor, weight: Tensor | None = None) -> Scalar:
    """Return ``0.5 * (max(0, 1 - D(y)) + max(0, 1 + D(fake)))``, patches by weight.

    Source: Lim and Ye 2017, Geometric GAN.
    """
    real, fake = F.relu(1 - full(verdict_real)), F.relu(1 + full(verdict_fake))
    return 0.5 * (mean_by_weight(real, weight) + mean_by_weight(fake, weight))


Verdicts = Tensor | Sequence[Tensor]
"""One verdict, or those at several scales."""


def verdicts_in(verdicts: Verdicts) -> list[Tensor]:
    """Return the verdicts as a list, which one alone is not."""
    return [verdicts] if isinstance(verdicts, Tensor) else list(verdicts)


def mean_of(values: Sequence[Scalar]) -> Scalar:
    """Return the mean of some losses; one alone keeps its bits."""
    return values[0] if len(values) == 1 else torch.stack(list(values)).mean()


def r1(discriminator: Callable[[Frames], Verdicts], real: Frames) -> Scalar:
    """Return ``0.5 * |grad D(y)|^2`` of real frames, D the sum over patches, divided by their number.

    So it depends on how patches overlap and not on how large a frame is. Where there are verdicts at several scales it
    is the mean over them. It is computed in 32 bits, under autocast too, and can be propagated back.

    Source: Mescheder, Geiger and Nowozin 2018, R1.
    """
    with torch.autocast(real.device.type, enabled=False):
        seen = full(real.detach()).requires_grad_()
        return mean_of([_steepness(verdict, seen) for verdict in verdicts_in(discriminator(seen))])


def _steepness(verdict: Tensor, seen: Tensor) -> Scalar:
    (gradient,) = torch.autograd.grad(verdict.sum(), seen, create_graph=True)
    return 0.5 * gradient.square().sum() / verdict.numel()


def _cross_entropy(verdict: Tensor, truth: float, weight: Tensor | None = None) -> Scalar:
    logits = full(verdict)
    reduction = "mean" if weight is None else "none"
    values = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth), reduction=reduction)
    return values if weight is None else mean_by_weight(values, weight)


def _distance(one: Tensor, other: Tensor) -> Scalar:
    return F.l1_loss(full(one), full(other))


def cycle(reconstructed: Frames, real: Frames) -> Scalar:
    """Return ``abs(F(G(x)) - x)``. Source: Zhu et al. 2017, equation 2."""
    return _distance(reconstructed, real)


def identity(same: Frames, real: Frames) -> Scalar:
    """Return ``abs(F(x) - x)``: translation into a frame's own domain changes nothing. Source: Zhu et al. 2017."""
    return _distance(same, real)


def recurrent(predicted: Frames, real: Frames) -> Scalar:
    """Return ``abs(P(x0, x1) - x2)``: the predictor tells the third frame from two.

    Source: Bansal et al. 2018, recurrent loss; absolute differences in place of the paper's squared ones.
    """
    return _distance(predicted, real)


def recycle(reconstructed: Frames, real: Frames) -> Scalar:
    """Return ``abs(F(P(G(x0), G(x1))) - x2)``: there, one frame ahead, and back gives the third frame.

    Source: Bansal et al. 2018, recycle loss; absolute differences in place of the paper's squared ones.
    """
    return _distance(reconstructed, real)


def unsup_recycle(
    back: Translate, real: Frames, fake: Translated, motion: Translate, noise: Translated | float = 0.0
) -> Scalar:
    """Return ``abs(F(W(G(x)) + n) - W(x))``: moving the translation and going back equals moving the source.

    Args:
        back: F, the generator back to the domain of ``real``.
        real: x.
        fake: G(x). Gradients flow through it.
        motion: W, any warp; the same motion moves both branches.
        noise: n, added before going back.

    Source: Wang, Akash and Misu 2022, unsupervised recycle loss.
    """
    return _distance(back(motion(fake) + noise), motion(real))


def unsup_spatial(
    generator: Translate, real: Frames, fake: Translated, motion: Translate, noise: Frames | float = 0.0
) -> Scalar:
    """Return ``abs(G(W(x) + n) - W(G(x)))``: translating and moving commute.

    Args:
        generator: G.
        real: x.
        fake: G(x). Gradients flow through it and through the second call of G.
        motion: W, any warp; the same motion moves both branches.
        noise: n, added before translating.

    Source: Wang, Akash and Misu 2022, unsupervised spatial loss.
    """
    return _distance(generator(motion(real) + noise), motion(fake))


def imitation(fake: Translated, wanted: Translated, levels: int = 3) -> Scalar:
    """Return how far a student's frames are from its teacher's: ``|y - t|`` of every wavelet band, and of the means.

    Each of the ``levels`` splits frames into means of 2x2 pixels and three bands of detail; the next one splits the
    means. So a fault of a whole area counts as much as one of an edge. Frames too small for a level end with the one
    before.

    Source: Mallat 1989 (wavelets; here Haar's).
    """
    difference = full(fake) - full(wanted)
    terms = [difference.abs().mean()]
    for _ in range(levels):
        if min(difference.shape[-2:]) < 2:
            break
        difference, *details = haar(difference)
        terms += [torch.stack([band.abs().mean() for band in details]).sum()]
    return torch.stack([*terms, difference.abs().mean()]).sum()


def haar(values: Translated) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return Haar's four bands of frames: means of 2x2 pixels, and what differs across, down and diagonally.

    A last odd row or column is left out. The mean of ``values`` is that of the first band.
    """
    height, width = (side // 2 * 2 for side in values.shape[-2:])
    values = values[..., :height, :width]
    top, bottom = values[..., ::2, :], values[..., 1::2, :]
    a, b, c, d = top[..., ::2], top[..., 1::2], bottom[..., ::2], bottom[..., 1::2]
    return (a + b + c + d) / 4, (a - b + c - d) / 4, (a + b - c - d) / 4, (a - b - c + d) / 4


def content(features_fake: Tensor, features_real: Tensor) -> Scalar:
    """Return ``(IN(VGG(G(x))) - IN(VGG(x)))^2``, IN being instance norm without affine.

    Source: Huang et al. 2018 (domain-invariant perceptual loss), as used by Wang, Akash and Misu 2022.
    """
    return F.mse_loss(F.instance_norm(full(features_fake)), F.instance_norm(full(features_real)))


def contrastive(
    query: Float[Tensor, "batch places size"], key: Float[Tensor, "batch places size"], temperature: float = 0.07
) -> Scalar:
    """Return InfoNCE: how much more each query resembles the key of its own place than those of other places.

    Queries and keys are of length 1. Negatives come from the same frame. Source: Park et al. 2020, equation 3.
    """
    with torch.autocast(query.device.type, enabled=False):
        similarity = full(key) @ full(query).transpose(1, 2) / temperature
    own_place = torch.arange(query.shape[1], device=query.device).expand(len(query), -1)
    return F.cross_entropy(similarity, own_place)
