"""What the published options say of a method and its networks."""

from pathlib import Path
from typing import Any

from recyclegan.config import PerDomain
from recyclegan.methods import CycleGAN, ReCycleGAN, RecycleGAN, UnsupRecycleGAN
from recyclegan.published.published_options import Options
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import DiscriminatorName, GeneratorName, NetworkConfig, PredictorName

METHOD_NAMES = {
    "cycle_gan": CycleGAN.name,
    "recycle_gan": RecycleGAN.name,
    "reCycle_gan": ReCycleGAN.name,
    "unsup_single": UnsupRecycleGAN.name,
}
GENERATOR_NAMES: dict[str, GeneratorName] = {
    "resnet_9blocks": "resnet-9",
    "resnet_6blocks": "resnet-6",
    "unet_128": "unet-128",
    "unet_256": "unet-256",
}
_DISCRIMINATOR_NAMES: dict[str, DiscriminatorName] = {"basic": "patch", "n_layers": "patch", "pixel": "pixel"}
_PREDICTOR_NAMES: dict[str, PredictorName] = {
    "unet_128": "unet-128",
    "unet_256": "unet-256",
    "prediction": "prediction",
}
_BASIC_LAYERS = 3
_SCALE_MODES = ("unaligned_scale", "unaligned_triplet_scale")
_UNSUP = ("model", ("unsup_single",))
_RECURRENT = ("model", ("recycle_gan", "reCycle_gan"))
_SCALED = ("dataset_mode", _SCALE_MODES)
_NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    **{f"lambda_{term}_{letter}": _UNSUP for term in ("unsup_cycle", "spa_unsup", "content") for letter in "AB"},
    **{f"{what}_level": _UNSUP for what in ("motion", "shift", "scale", "noise")},
    "vgg": _UNSUP,
    "npf": _RECURRENT,
    "which_model_netP": _RECURRENT,
    "adversarial_loss_p": _RECURRENT,
    **{f"{size}{side}": _SCALED for size in ("loadSize", "fineSize") for side in "HW"},
    "resize_mode": _SCALED,
    "crop_mode": _SCALED,
    "resize_or_crop": ("dataset_mode", ("unaligned", "unaligned_triplet")),
    "no_flip": ("dataset_mode", ("unaligned",)),
    "n_layers_D": ("which_model_netD", ("n_layers",)),
    "lr_decay_iters": ("lr_policy", ("step",)),
}
"""Options that mean something only beside certain values of another one."""


def network_config(options: Options) -> NetworkConfig:
    """Return the networks that the options name."""
    return NetworkConfig(
        generator=GENERATOR_NAMES[options["which_model_netG"]],
        width=options["ngf"],
        norm=options["norm"],
        dropout=not options["no_dropout"],
        discriminator=_DISCRIMINATOR_NAMES[options["which_model_netD"]],
        discriminator_width=options["ndf"],
        discriminator_layers=options["n_layers_D"] if options["which_model_netD"] == "n_layers" else _BASIC_LAYERS,
        objective="cross-entropy" if options["no_lsgan"] else "least-squares",
    )


def method_config(options: Options) -> Any:
    """Return the method's configuration, with a weight for each domain."""
    if options["model"] == "unsup_single":
        return _unsup_recycle_gan(options)
    if options["model"] == "cycle_gan":
        return CycleGAN.Config(cycle=_cycle(options), identity=_identity(options))
    return _recycle_gan(options)


def _unsup_recycle_gan(options: Options) -> UnsupRecycleGAN.Config:
    identity = _identity(options) if options.gives("identity") else (options["lambda_identity"],) * 2
    return UnsupRecycleGAN.Config(
        cycle=options.pair("lambda_cycle"),
        unsup_recycle=options.pair("lambda_unsup_cycle"),
        unsup_spatial=options.pair("lambda_spa_unsup"),
        content=options.pair("lambda_content"),
        identity=identity,
        vgg=Path(options["vgg"]) if options["vgg"] else None,
        flow=FlowSynthesis(
            motion=options["motion_level"],
            shift=round(options["shift_level"]),
            zoom=options["scale_level"],
            noise=options["noise_level"],
            relative=False,
        ),
    )


def _recycle_gan(options: Options) -> RecycleGAN.Config:
    """Return Recycle-GAN, or ReCycle-GAN where a cycle term is wanted.

    Only ReCycle-GAN has an identity term by default, as published.
    """
    has_identity = options["model"] == "reCycle_gan" or options.gives("identity", "lambda_identity")
    shared: dict[str, Any] = {
        "recurrent": options.pair("lambda"),
        "recycle": options.pair("lambda"),
        "adversarial_predicted": (float(options["adversarial_loss_p"]),) * 2,
        "identity": _identity(options) if has_identity else (0.0, 0.0),
        "predictor": _PREDICTOR_NAMES[options["which_model_netP"]],
        "predictor_width": _predictor_width(options),
    }
    if options["model"] == "reCycle_gan" or options.gives("lambda_cycle_A", "lambda_cycle_B"):
        return ReCycleGAN.Config(**shared, cycle=_cycle(options))
    return RecycleGAN.Config(**shared)


def _predictor_width(options: Options) -> int | None:
    """Return the width of the predictors: that of the generators, as published, where none is given.

    "prediction" multiplies its width by 128 inside, so that the published default of 64 fits nowhere.
    """
    return options["npf"] if options.gives("npf") else None


def _cycle(options: Options) -> PerDomain:
    """Return the weights of the cycle term: ``lambda_cycle_*`` where they are given, else ``lambda_*``."""
    plain, own = options.pair("lambda"), options.pair("lambda_cycle")
    only_own = options["model"] == "recycle_gan"
    given = (options.gives("lambda_cycle_A"), options.gives("lambda_cycle_B"))
    first, second = (o if g else 0.0 if only_own else p for p, o, g in zip(plain, own, given, strict=True))
    return first, second


def _identity(options: Options) -> PerDomain:
    """Return the weights of the identity term: ``lambda_identity`` if given, else ``identity`` times ``lambda_*``."""
    if options.gives("lambda_identity"):
        return (options["lambda_identity"],) * 2
    if options["input_nc"] != options["output_nc"] and not options.gives("identity"):
        return (0.0, 0.0)
    first, second = options.pair("lambda")
    return first * options["identity"], second * options["identity"]


def notes_on_recipe(options: Options) -> list[str]:
    """Return a line for each option that is given and that others leave without meaning, or that is read otherwise."""
    notes = [
        f"--{name} has no meaning with --{other} {options[other]}; it needs {' or '.join(values)}"
        for name, (other, values) in _NEEDS.items()
        if options.gives(name) and options[other] not in values
    ]
    if options["model"] == "recycle_gan" and options.gives("lambda_cycle_A", "lambda_cycle_B"):
        notes.append("--lambda_cycle_* adds a cycle term, which makes recycle_gan a reCycle_gan")
    is_unsup = options["model"] == "unsup_single"
    if is_unsup and options.gives("lambda_A", "lambda_B") and not options.gives("identity"):
        notes.append(
            "--lambda_A and --lambda_B have no meaning with --model unsup_single; see --lambda_cycle_A and others"
        )
    return notes


def deviations(options: Options) -> list[str]:
    """Return a line for each place where this training is right and the published one is not."""
    epochs = options["niter"] + options["niter_decay"]
    lines = [f"learning rate: above 0 in all of the {epochs} epochs; the published code trains its last one at 0"]
    if options["model"] == "unsup_single":
        lines += [
            "warping: a flow of zero changes nothing; the published warp blurs, and shifts by up to half a pixel",
            "flow: drawn for each frame of a batch, on the device, at any size; terms of weight 0 are left out",
        ]
        if options["scale_level"]:
            lines.append("zoom: is added to the motion; the published zoom field replaces it")
        if any(options.pair("lambda_content")):
            lines.append(
                "content: VGG-19 is fed with what its weights expect, [0, 1]; the published code feeds [-1, 1]"
            )
    if options["model"] == "recycle_gan" and options.gives("identity", "lambda_identity"):
        lines.append("identity: is weighed; the published recycle_gan takes the option and adds nothing")
    if options["which_direction"] == "BtoA":
        lines.append("--which_direction: swaps the domains for every method; in the published code for one")
    return lines
