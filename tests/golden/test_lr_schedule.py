"""The published schedule reaches rate 0 one epoch too early: ours is the same, one epoch later."""

from pathlib import Path

import pytest

from recyclegan.settings.training import TrainConfig
from recyclegan.steps import learning_rate
from tests.golden.records import records


@pytest.mark.parametrize("record", records()["lr_schedule"], ids=lambda r: f"{r['niter']}+{r['niter_decay']}")
def test_no_epoch_trains_at_rate_0(record: dict) -> None:
    epochs, published = record["niter"] + record["niter_decay"], record["lr_used_in_epoch"]
    config = TrainConfig(Path("data"), Path("run"), lr=published[0], decay=record["niter_decay"] / epochs)
    ours = [learning_rate(config, epoch, epochs) for epoch in range(epochs)]
    assert ours[1:] == pytest.approx(published[:-1], rel=1e-9)
    assert min(ours) > published[-1] == 0
