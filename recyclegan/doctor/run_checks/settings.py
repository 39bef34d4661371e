"""Whether a run was configured to learn anything."""

from collections.abc import Iterable

from recyclegan.doctor.finding import Finding, counted, problem, warning
from recyclegan.doctor.run_view import RunView
from recyclegan.domains import DOMAINS, target_domain

PUBLISHED_RATE = 2e-4
HIGHEST_RATE = 2e-3
LOWEST_RATE = 1e-6
"""A learning rate a hundred or more times smaller than the published one hardly moves a weight."""


def unreadable_configuration(view: RunView) -> Iterable[Finding]:
    """Find a configuration that is missing or cannot be read."""
    return view.config_findings


def learning_rate(view: RunView) -> Iterable[Finding]:
    """Find learning rates of 0, or far from those that such networks are trained with."""
    if view.config and view.config.lr > HIGHEST_RATE:
        yield problem(
            f"--lr {view.config.lr:g} is {view.config.lr / PUBLISHED_RATE:.0f} times the published {PUBLISHED_RATE:g}",
            f"train anew with --lr {PUBLISHED_RATE:g}, at most {HIGHEST_RATE:g}",
        )
    if view.config and view.config.lr < LOWEST_RATE:
        yield problem(
            f"--lr {view.config.lr:g} is too small to change the networks; the published rate is {PUBLISHED_RATE:g}",
            f"train anew with --lr {PUBLISHED_RATE:g}",
        )
    idle = [step for step, rate in view.points.get("lr", []) if rate == 0]
    if idle:
        yield problem(
            f"stats.jsonl: the learning rate was 0 in {counted(len(idle), 'logged step')}, from step {idle[0]:.0f} on",
            "steps at rate 0 teach nothing; shorten --decay, or train anew",
        )


def missing_terms(view: RunView) -> Iterable[Finding]:
    """Find directions without an adversarial term, or with nothing else."""
    if not view.steps_done:
        return
    for way in view.ways:
        terms = set(view.terms(way))
        adversarial = {term for term in terms if term.startswith("adversarial")}
        if not terms:
            yield problem(f"{way}: all its weights are 0, so that it learned nothing", "train with --adversarial 1 1")
        elif not adversarial:
            yield problem(
                f"{way}: its adversarial weight is 0, so that nothing makes it look like {target_domain(way).upper()}",
                "train with --adversarial 1 1",
            )
        elif terms == adversarial:
            yield warning(
                f"{way}: has an adversarial term alone, so that nothing ties a translation to its source",
                "give another term a weight, such as --unsup-recycle 10 10 or --cycle 10 10",
            )


def too_few_steps(view: RunView) -> Iterable[Finding]:
    """Find runs with fewer steps than there are clips."""
    if view.config is None or view.config.steps is None:
        return
    seen = view.config.steps * view.config.batch_size * view.config.devices
    for domain in DOMAINS:
        clips = len(view.clips(domain, "train"))
        if seen < clips:
            yield warning(
                f"{counted(view.config.steps, 'step')} show {counted(seen, 'frame')} of {domain.upper()}, which has"
                f" {counted(clips, 'clip')}",
                "give more --steps, or leave them out to pass over all frames --epochs times",
            )


def batch_larger_than_data(view: RunView) -> Iterable[Finding]:
    """Find batches that hold more frames than there are clips."""
    if view.config is None:
        return
    batch = view.config.batch_size * view.config.devices
    for domain in DOMAINS:
        clips = len(view.clips(domain, "train"))
        if 0 < clips < batch and batch > 1:
            yield warning(
                f"a batch holds {counted(batch, 'clip')} of {domain.upper()}, which has {clips}, so that it shows the"
                " same scenes several times",
                "give a smaller --batch-size (the published one is 1), or add clips",
            )
