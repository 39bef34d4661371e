"""A comparison asks for the use of translated pictures: with the held-out classes of both domains, or not at all."""

from types import SimpleNamespace

import pytest

from recyclegan.errors import InputError
from recyclegan.evaluation.comparison import contender_run
from recyclegan.evaluation.comparison.contender_run import ContenderRun, Measuring, check_started
from recyclegan.settings.evaluation import EvaluationConfig
from tests.small import small_config


def run_of(root, truth, **settings):
    config = small_config(root / "data", root / "runs" / "ours" / "seed-0" / "run")
    return ContenderRun("ours", 0, config, Measuring(EvaluationConfig(**settings), truth))


@pytest.fixture
def truth(tmp_path):
    for domain in "AB":
        (tmp_path / "truth" / domain).mkdir(parents=True)
    return tmp_path / "truth"


@pytest.mark.parametrize("palette", [None, ((0, 0, 0), (255, 255, 255))], ids=["pictures", "label maps"])
@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_held_out_target_frames_are_scored_with_their_classes(tmp_path, truth, monkeypatch, palette, direction):
    seen = {}
    monkeypatch.setattr(contender_run, "load_card", lambda _: SimpleNamespace(palette=palette))
    monkeypatch.setattr(contender_run, "evaluate", lambda *given, **named: seen.update(named, config=given[5]))
    run = run_of(tmp_path, truth, downstream=True, labels="viper")
    contender_run._measure(run, direction, lambda *_: None)
    aim = direction[1].upper()
    assert seen["config"].labels == "viper"
    assert seen["config"].downstream == (palette is None)
    assert seen["target_truth"] == (truth / aim if palette is None else None)
    assert seen["labelled"] == (tmp_path / "data" / "val" / aim if palette is None else None)


def test_without_it_pictures_are_not_scored_in_classes_as_before(tmp_path, truth, monkeypatch):
    seen = {}
    monkeypatch.setattr(contender_run, "load_card", lambda _: SimpleNamespace(palette=None))
    monkeypatch.setattr(contender_run, "evaluate", lambda *given, **named: seen.update(named, config=given[5]))
    contender_run._measure(run_of(tmp_path, truth, labels="viper"), "ab", lambda *_: None)
    assert (seen["config"].labels, seen["target_truth"], seen["labelled"]) == (None, None, None)


def test_what_it_lacks_is_refused_before_anything_is_trained(tmp_path, truth):
    with pytest.raises(InputError, match="downstream: no label set given; give --labels"):
        check_started(run_of(tmp_path, truth, downstream=True))
    with pytest.raises(InputError, match="downstream: no truth of A and B; give --truth with folders A and B"):
        check_started(run_of(tmp_path, None, downstream=True, labels="viper"))
    (truth / "B").rmdir()
    with pytest.raises(InputError, match="no truth of B;"):
        check_started(run_of(tmp_path, truth, downstream=True, labels="viper"))
