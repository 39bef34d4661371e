"""``train.py``: the published training command."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files import append_text
from recyclegan.published.checkpoints import networks_of, write_networks
from recyclegan.published.command_line import is_first_process, parse, tell
from recyclegan.published.gpu_ids import Devices, choose_devices
from recyclegan.published.inputs import frames_config, steps_per_epoch, training_data
from recyclegan.published.layout import LATEST, LOSS_FILE, OPTIONS_FILE, write_options
from recyclegan.published.loss_log import loss_line
from recyclegan.published.options import TRAIN, Options, notes_on_unused
from recyclegan.published.recipe import deviations, method_config, network_config, notes_on_recipe
from recyclegan.published.start import prepare_start, refuse_existing
from recyclegan.settings.training import TrainConfig, config_to_dict
from recyclegan.states import load_checkpoint
from recyclegan.training import Outcome
from recyclegan.training import train as run_training
from recyclegan.training.run_folder import only_training, unmade_on_failure

ADAM_BETA2 = 0.999
SECONDS_BETWEEN_NEWS = 30.0


def train(argv: Sequence[str]) -> int:
    """Train as ``train.py`` says, and return the exit code: 130 where a signal ended it, and it can go on.

    The experiment's folder is a run folder of this program that also holds what the published code writes.

    Raises:
        InputError: an option, the data or the folder do not allow it.
    """
    options = parse("train.py", TRAIN, argv)
    run = Path(options["checkpoints_dir"]) / options["name"]
    refuse_existing(run, options)
    devices = choose_devices(options)
    with unmade_on_failure(run), only_training(run):
        return _train(options, run, devices)


def _train(options: Options, run: Path, devices: Devices) -> int:
    config = train_config(options, run, training_data(options, run), devices)
    tell([*devices.notes, *notes_on_unused(TRAIN, options), *notes_on_recipe(options)], "note: ")
    tell(_about(options, config))
    resume = prepare_start(config, options)
    if is_first_process():
        write_options(run / OPTIONS_FILE, options.values)
    reporter = Reporter(config, options)
    outcome = run_training(config, resume, report=reporter, decoding=_decoding_news(), tell=_tell_note)
    tell(outcome.notes, "note: ")
    if is_first_process() and not reporter.started:
        reporter.keep_networks(outcome.steps)
        tell([f"{run}: all epochs were trained before; raise --niter to go on"])
    return _end(run, outcome)


def _tell_note(note: str) -> None:
    tell([note], "note: ")


def train_config(options: Options, run: Path, data: Path, devices: Devices) -> TrainConfig:
    """Return the training run that the options mean.

    Raises:
        InputError: a number of epochs, a batch or a policy that cannot be trained.
    """
    epochs = options["niter"] + options["niter_decay"]
    if epochs < 1:
        raise InputError(f"--niter, --niter_decay: found {epochs} epochs together, expected at least 1")
    if options["batchSize"] % devices.number:
        raise InputError(f"--batchSize {options['batchSize']}: expected a multiple of the {devices.number} GPUs")
    return TrainConfig(
        data=data,
        out=run,
        method=method_config(options),
        networks=network_config(options),
        frames=frames_config(options, data),
        epochs=float(epochs),
        batch_size=options["batchSize"] // devices.number,
        lr=options["lr"],
        betas=(options["beta1"], ADAM_BETA2),
        **_schedule(options, epochs),
        history=options["pool_size"],
        ema=0.0,
        seed=options["seed"],
        device=devices.kind,
        devices=devices.number,
        save_every=options["save_latest_freq"],
        save_epochs=options["save_epoch_freq"],
        log_every=options["print_freq"],
        sample_every=options["display_freq"],
    )


def _schedule(options: Options, epochs: int) -> dict[str, Any]:
    """Return the fields of the learning rate's policy."""
    policy = options["lr_policy"]
    if policy == "lambda":
        return {"decay": options["niter_decay"] / epochs}
    if policy == "step":
        return {"drop_every": options["lr_decay_iters"] / epochs if options["lr_decay_iters"] <= epochs else 0.0}
    if policy == "plateau":
        raise InputError("--lr_policy plateau: needs a loss that falls, and those of a GAN do not; give lambda or step")
    raise InputError(f"--lr_policy {policy}: unknown; expected lambda or step")


def _about(options: Options, config: TrainConfig) -> Iterator[str]:
    """Yield the configuration as this program runs it, and where it differs from the published code."""
    yield "configuration:"
    for name, value in config_to_dict(config).items():
        yield f"  {name}: {value}"
    yield "differs from the published code:"
    for line in deviations(options):
        yield f"  {line}"
    for domain in config.frames.labels if config.frames.labels != "none" else "":
        yield f"  domain {domain}: label maps, resized by nearest neighbour (not so? give --labels none)"


class Reporter:
    """Told of every step: prints and logs losses, and keeps the published networks beside every checkpoint."""

    def __init__(self, config: TrainConfig, options: Options) -> None:
        """Start the clock of the losses' lines."""
        self._config, self._batch = config, options["batchSize"]
        self._per_epoch = steps_per_epoch(config)
        self._last = (time.monotonic(), 0)
        self.started = False

    def __call__(self, done: int, total: int, terms: Mapping[str, float]) -> None:
        """Tell of the step that brought the number of steps to ``done``."""
        if not is_first_process():
            return
        epoch, place = divmod(done - 1, self._per_epoch)
        if not self.started:
            self._start(done - 1)
        if done % self._config.log_every == 0 or done == total:
            frames, seconds = (place + 1) * self._batch, self._seconds_a_frame(done)
            self._log(loss_line(epoch + 1, frames, seconds, terms, self._config.method_name))
        self.keep_networks(done)
        if done % self._per_epoch == 0:
            _print(f"End of epoch {epoch + 1} / {total // self._per_epoch}")

    def _start(self, first: int) -> None:
        self.started, self._last = True, (time.monotonic(), first)
        self._log(f"================ Training Loss ({time.strftime('%c')}) ================")

    def _seconds_a_frame(self, done: int) -> float:
        now, (before, steps) = time.monotonic(), self._last
        self._last = (now, done)
        return (now - before) / (max(1, done - steps) * self._batch)

    def _log(self, line: str) -> None:
        append_text(self._config.out / LOSS_FILE, f"{line}\n")
        _print(line)

    def keep_networks(self, done: int) -> None:
        """Write the networks of a checkpoint, if one is there, as the latest and, after an epoch to be kept, as its."""
        run = self._config.out
        if not (checkpoint := run / f"step-{done:08d}").is_dir():
            return
        networks = networks_of(load_checkpoint(checkpoint)["networks"])
        write_networks(run, LATEST, networks)
        epoch, rest = divmod(done, self._per_epoch)
        if rest == 0 and self._config.save_epochs and epoch % self._config.save_epochs == 0:
            write_networks(run, str(epoch), networks)


def _print(line: str) -> None:
    """Print a line of news; where the terminal or the pipe is gone, training goes on without."""
    with suppress(OSError):
        print(line, flush=True)


def _decoding_news() -> Callable[[int, int, str], None]:
    """Return a function that tells now and then how many frames have been decoded into the cache."""
    told = [time.monotonic()]

    def news(done: int, total: int, clip: str) -> None:
        if time.monotonic() - told[0] > SECONDS_BETWEEN_NEWS:
            told[0] = time.monotonic()
            tell([f"decoding frames: {done} of {total} ({clip})"])

    return news


def _end(run: Path, outcome: Outcome) -> int:
    """Tell how training ended, and return the exit code."""
    if outcome.steps < outcome.num_steps:
        tell([f"{run}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --continue_train"])
        return 130
    tell([f"{run}: trained {outcome.steps} steps"])
    return 0
