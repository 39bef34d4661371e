"""``train.py``: the published training command.

The published names of loss terms, and the lines of ``loss_log.txt``.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files import append_text
from recyclegan.methods import RecycleGAN, UnsupRecycleGAN
from recyclegan.notes import is_first_process
from recyclegan.pace import Progress
from recyclegan.published.command_line import Devices, choose_devices, notify, parse
from recyclegan.published.exchange import networks_of, write_networks
from recyclegan.published.layout import LATEST, LOSS_FILE, OPTIONS_FILE, write_options
from recyclegan.published.published_options import TRAIN, Options, notes_on_unused
from recyclegan.published.recipe import deviations, method_config, network_config, notes_on_recipe
from recyclegan.published.start import frames_config, prepare_start, refuse_existing, steps_per_epoch, training_data
from recyclegan.runs.run_folder import only_training, unmade_on_failure
from recyclegan.settings.training import TrainConfig, config_to_dict
from recyclegan.states import load_checkpoint
from recyclegan.training import Outcome
from recyclegan.training import train as run_training

TERM_NAMES = {
    "discriminator": "D_{}",
    "adversarial": "G_{}",
    "recycle": "Recyc_{}",
    "recurrent": "Pred_{}",
    "adversarial_predicted": "Pred_{}_GAN",
    "cycle": "Cyc_{}",
    "unsup_recycle": "UnCyc_{}",
    "unsup_spatial": "Unsup_{}",
    "content": "Cont_{}",
    "identity": "idt_{}",
}
"""In the order of a line; the letter is put in."""
OWN_NAMES = {
    UnsupRecycleGAN.name: {"identity": "Idt_{}"},
    RecycleGAN.name: {"recycle": "Cyc_{}"},
}
"""Where a method of the published code has a name of its own."""
_LETTERS = {"ab": "A", "ba": "B", "b": "A", "a": "B"}
"""The published letter of a direction, and of the domain that a discriminator judges: ``D_A`` judges B."""


def published_name(term: str, method: str) -> str:
    """Return the published name of a loss term of a method's step: ``D_A`` for ``b/discriminator``.

    ``idt_A`` is what ``G_A`` does to frames of B, so that its letter is that of the other direction.
    """
    name = term.partition("/")[2]
    pattern = OWN_NAMES.get(method, {}).get(name) or TERM_NAMES.get(name, f"{name}_{{}}")
    return pattern.format(_letter(term))


def _letter(term: str) -> str:
    place, _, name = term.partition("/")
    letter = _LETTERS[place]
    return {"A": "B", "B": "A"}[letter] if name == "identity" else letter


def loss_line(epoch: int, frames: int, seconds: float, terms: Mapping[str, float], method: str) -> str:
    """Return the line for a step: its epoch, the frames of the epoch seen, the seconds a frame took, the losses."""
    order = list(TERM_NAMES)

    def place(term: str) -> tuple[str, int]:
        name = term.partition("/")[2]
        return _letter(term), order.index(name) if name in order else len(order)

    losses = " ".join(f"{published_name(term, method)}: {terms[term]:.3f}" for term in sorted(terms, key=place))
    return f"(epoch: {epoch}, iters: {frames}, time: {seconds:.3f}) {losses}"


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
    notify([*devices.notes, *notes_on_unused(TRAIN, options), *notes_on_recipe(options)], "note: ")
    notify(_about(options, config))
    resume = prepare_start(config, options)
    if is_first_process():
        write_options(run / OPTIONS_FILE, options.values)
    reporter = Reporter(config, options)
    outcome = run_training(config, resume, report=reporter, decoding=_decoding_news(), notify=_note)
    notify(outcome.notes, "note: ")
    if is_first_process() and not reporter.started:
        reporter.keep_networks(outcome.steps)
        notify([f"{run}: all epochs were trained before; raise --niter to go on"])
    return _end(run, outcome)


def _note(note: str) -> None:
    notify([note], "note: ")


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


def _decoding_news() -> Progress:
    """Return a function that tells now and then how many frames have been decoded into the cache."""
    last_news = [time.monotonic()]

    def news(done: int, total: int, clip: str) -> None:
        if time.monotonic() - last_news[0] > SECONDS_BETWEEN_NEWS:
            last_news[0] = time.monotonic()
            notify([f"decoding frames: {done} of {total} ({clip})"])

    return news


def _end(run: Path, outcome: Outcome) -> int:
    """Tell how training ended, and return the exit code."""
    if outcome.steps < outcome.num_steps:
        notify([f"{run}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --continue_train"])
        return 130
    notify([f"{run}: trained {outcome.steps} steps"])
    return 0
