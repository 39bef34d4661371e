"""What changes over training by the step alone: the learning rate, and the weights that grow."""

from recyclegan.settings.training import TrainConfig


def learning_rate(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return the rate of a step (counted from 0): constant, then falling linearly over the last ``decay`` of training.

    With ``drop_every`` it falls to a tenth after each such fraction of training. It never reaches 0. Differs from the
    published code, which trains its last epoch at rate 0.
    """
    start = round(num_steps * (1 - config.decay))
    drops = int(step / (num_steps * config.drop_every) + 1e-9) if config.drop_every else 0
    return config.lr * 0.1**drops * min(1.0, (num_steps - step) / (num_steps - start + 1))


def ramp_up(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return what all terms but the adversarial ones are multiplied by in a step (counted from 0).

    It grows linearly to 1 over the first ``config.ramp_up`` of training. Source: Laine and Aila 2017.
    """
    return min(1.0, (step + 1) / (config.ramp_up * num_steps)) if config.ramp_up else 1.0


def labels_weight(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return the weight of the labels' term in a step (counted from 0): it grows linearly over its warm-up."""
    warm_up = config.faithfulness.labels_warm_up * num_steps
    return config.faithfulness.labels_weight * (min(1.0, step / warm_up) if warm_up else 1.0)
