"""Where a published training starts: anew, from weights alone, or exactly where it stopped."""

from pathlib import Path

import torch
from lightning_fabric import Fabric

from recyclegan.errors import InputError
from recyclegan.methods import Method
from recyclegan.networks import initialize
from recyclegan.networks.loading import read_weights
from recyclegan.published.checkpoints import PLACES, load_network, missing_epoch
from recyclegan.published.command_line import is_first_process, tell
from recyclegan.published.inputs import steps_per_epoch
from recyclegan.published.layout import LATEST, epochs_in, network_file
from recyclegan.published.options import Options
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig, config_to_dict
from recyclegan.states import checkpoints, save_checkpoint
from recyclegan.training import TrainState, read_config
from recyclegan.training.finite import infinite_part
from recyclegan.training.run_folder import CONFIG_FILE, write_config


def refuse_existing(run: Path, options: Options) -> None:
    """Refuse to train a new experiment over one that is there, or to go on with one that is not.

    Raises:
        InputError: the folder holds a run, or networks of the published code; or there is none to go on with.
    """
    if options["continue_train"] and not run.exists():
        raise missing_epoch(run, options["which_epoch"])
    holds = (run / CONFIG_FILE).is_file() or epochs_in(run)
    if holds and not options["continue_train"] and is_first_process():
        raise InputError(
            f"{run}: holds an experiment already; give --continue_train to go on with it, or another --name"
        )


def prepare_start(config: TrainConfig, options: Options) -> bool:
    """Write what training starts from, where that is more than a seed; return whether there is such a state.

    With ``--continue_train`` a run of this program goes on exactly where it stopped. Networks of the published code
    are weights alone: training starts with them at ``--epoch_count``.

    Raises:
        InputError: there is nothing to go on with, or it stands at another epoch than was asked for.
    """
    run = config.out
    if not is_first_process():
        return bool(checkpoints(run))
    first = (options["epoch_count"] - 1) * steps_per_epoch(config)
    if options["epoch_count"] > config.epochs + 1:
        raise InputError(f"--epoch_count {options['epoch_count']}: beyond the {config.epochs:g} epochs; raise --niter")
    if options["continue_train"] and checkpoints(run):
        _check_place(run, options, first)
        _tell_changes(config)
        write_config(config)
        return True
    if options["continue_train"]:
        tell([f"{run}: holds weights alone; starts with them at epoch {options['epoch_count']}"], "note: ")
        _write_start(config, first, _loaded_method(config, options["which_epoch"]))
        return True
    if first or options["init_type"] != "normal":
        _write_start(config, first, _drawn_method(config, options))
        return True
    return False


def _check_place(run: Path, options: Options, first: int) -> None:
    """Check that the newest checkpoint stands where the options want to go on."""
    newest = checkpoints(run)[-1]
    if options.gives("epoch_count") and first != int(newest.name.removeprefix("step-")):
        raise InputError(
            f"--epoch_count {options['epoch_count']}: goes on after step {first}, and {run} stands at {newest.name}; "
            "leave --epoch_count out to go on there"
        )
    if options["which_epoch"] not in (LATEST, str(options["epoch_count"] - 1)):
        raise InputError(
            f"--which_epoch {options['which_epoch']}: {run} goes on at {newest.name}; to train from those weights, "
            "copy their *_net_*.pth into the folder of another --name"
        )


def _tell_changes(config: TrainConfig) -> None:
    """Tell which fields differ from those that the run was started with."""
    wanted, started = config_to_dict(config), config_to_dict(read_config(config.out))
    tell(
        [f"goes on with {name}={wanted[name]}, was {started[name]}" for name in wanted if wanted[name] != started[name]]
    )


def _write_start(config: TrainConfig, step: int, method: Method) -> None:
    """Write a checkpoint that holds these weights after ``step`` steps, and fresh optimizers."""
    state = TrainState(method, config, Fabric(accelerator="cpu", devices=1), step)
    start = {"step": step, **state.state_dict()}
    if (part := infinite_part(start)) is not None:
        raise InputError(f"{config.out}: {part} are not finite; start from other networks")
    write_config(config)
    save_checkpoint(config.out, step, start, config.keep)


def _new_method(config: TrainConfig) -> Method:
    torch.manual_seed(config.seed)
    return METHODS[config.method_name](config.method, config.networks, config.frames.channels)


def _loaded_method(config: TrainConfig, epoch: str) -> Method:
    """Return the method with the networks of an epoch in its run folder."""
    if epoch not in epochs_in(config.out):
        raise missing_epoch(config.out, epoch)
    method = _new_method(config)
    for label, network in _networks(method).items():
        file = network_file(config.out, epoch, label)
        load_network(network, read_weights(file), str(file))
    return method


def _drawn_method(config: TrainConfig, options: Options) -> Method:
    """Return the method with first weights of the distribution that ``--init_type`` names."""
    method = _new_method(config)
    for network in _networks(method).values():
        initialize(network, kind=options["init_type"])
    return method


def _networks(method: Method) -> dict[str, torch.nn.Module]:
    """Return the networks of a method by label."""
    modules = dict(method.named_modules())
    return {label: modules[place] for label, place in PLACES.items() if place in modules}
