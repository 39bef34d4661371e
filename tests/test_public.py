"""What ``recyclegan`` offers: its names and signatures, imported when they are asked for."""

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import recyclegan
from recyclegan import Output, TrainConfig, Translator
from recyclegan.cli.export import TranslatorExportOptions
from recyclegan.cli.translate import TranslateOptions
from recyclegan.evaluation.results import Result, Results
from recyclegan.metrics.intervals import Interval
from recyclegan.training import Outcome
from recyclegan.translation import Translator as TheTranslator

SIGNATURES = {
    "Output": "codec=, crf=, side_by_side=, frames=, existing=, damaged=, deinterlace=, start=, end=, max_side=,"
    " strength=, encoder_preset=, extra=",
    "Translator": "generator, card, device=, precision=, scale=, batch_size=, engine=, max_memory=",
    "Translator.__call__": "given, layout=, levels=",
    "Translator.from_pretrained": "place, direction=, device=, precision=, scale=, batch_size=, engine=, max_memory=,"
    " revision=",
    "Translator.push_to_hub": "repository, data=, licence=, picture=, private=, revision=",
    "Translator.save_pretrained": "folder, data=, licence=, picture=",
    "Translator.translate": "frames",
    "Translator.translate_folder": "source, target, output=, progress=",
    "Translator.translate_images": "images, size=, layout=, levels=",
    "Translator.translate_path": "source, target, output=, progress=",
    "Translator.translate_video": "source, target, output=, progress=",
    "compare_methods": "contenders, data, out, config, show=, resume=, options=, say=",
    "distill": "teacher, data, out, student=, target=, direction=, budget=, news=, options",
    "evaluate": "translated, source, out, target=, truth=, config=, segment=, progress=, say=, memory=, target_truth=,"
    " labelled=",
    "examine_data": "path, size=, labels=, frames=, progress=",
    "examine_run": "path, data=, progress=",
    "export": "place, out, direction=, precision=, opset=, images=, format=, resize=, int8=",
    "prepare_roadworld": "out, clips=, frames=, size=, looks=, seed=, val_clips=, progress=, traffic_lights=, extra=",
    "prepare_videos": "out, a, b, val=, val_a=, val_b=, seed=, link=, damaged=, progress=",
    "read_image": "path, as_labels=",
    "read_video": "path, reading=",
    "train": "config, resume=, dry_run=, report=, decoding=, notify=, waited=",
    "write_image": "path, image, comment=",
    "write_video": "path, images, rate, codec=, crf=",
}
CONFIGS = {
    *("ComparisonConfig", "DataConfig", "EvaluationConfig", "FlowSynthesis", "NetworkConfig", "TrainConfig"),
}
"""Their fields are options of commands, which are pinned as such."""
OTHERS = {"InputError", "PRESETS", "__version__"}


def named(name: str) -> Any:
    first, _, method = name.partition(".")
    return getattr(getattr(recyclegan, first), method) if method else getattr(recyclegan, first)


def parameters_of(function: Any) -> str:
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(p.name + ("=" if p.default is not p.empty else "") for p in parameters if p.name != "self")


def test_the_names_that_are_offered_are_those_that_are_pinned() -> None:
    functions = {name for name in SIGNATURES if "." not in name}
    assert set(recyclegan.__all__) == functions | CONFIGS | OTHERS
    assert set(recyclegan.__all__) <= set(dir(recyclegan))
    assert recyclegan.Translator is TheTranslator


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signatures_that_are_offered_are_those_that_are_pinned(name: str) -> None:
    assert parameters_of(named(name)) == SIGNATURES[name]


def test_the_methods_of_a_translator_are_pinned_too() -> None:
    public = {f"Translator.{name}" for name in vars(Translator) if not name.startswith("_")}
    assert public - {"Translator.pixels"} == {name for name in SIGNATURES if "." in name} - {"Translator.__call__"}


def test_keywords_are_the_words_of_the_command_line() -> None:
    options = {field.name for field in fields(TranslateOptions)}
    assert {field.name for field in fields(Output)} <= options
    assert set(inspect.signature(Translator.from_pretrained).parameters) - {"place"} <= options
    exported = {field.name for field in fields(TranslatorExportOptions)}
    assert set(inspect.signature(recyclegan.export).parameters) - {"place"} == exported - {"model"}


@pytest.mark.parametrize("name", [*SIGNATURES, *sorted(CONFIGS), "InputError"])
def test_whatever_is_offered_says_what_it_does(name: str) -> None:
    assert len(inspect.getdoc(named(name)) or "") > 30


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "av", "PIL", "lightning_fabric", "tyro", "rich")
    code = f"import sys, recyclegan; print(sorted(set({heavy}) & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_configurations_are_offered_without_torch() -> None:
    code = f"import sys; from recyclegan import {', '.join(sorted(CONFIGS))}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_run_is_named_after_its_data_and_its_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert TrainConfig(data="data").out == Path("runs/data-unsup-recycle-gan")
    assert TrainConfig(data="deep/night/").out == Path("runs/night-unsup-recycle-gan")
    assert TrainConfig(".").out == Path(f"runs/{tmp_path.name}-unsup-recycle-gan")
    assert TrainConfig("data", ".").out == Path()
    assert TrainConfig("data", "mine").out == Path("mine")


def test_results_are_said_in_a_line() -> None:
    outcome = Outcome(steps=3, num_steps=5, notes=("a long note",) * 9)
    assert repr(outcome) == "Outcome(steps=3, num_steps=5, notes=9)"
    measured = {"flicker": Result(Interval(0.0125, 0.01, 0.02, 1)), "sharpness": Result(Interval(1.0, 1.0, 1.0, 1))}
    results = Results(measured, classes={}, protocol={"flow": "dis"}, inputs={}, clips=[], notes=["a note"])
    assert repr(results) == "Results(flicker=0.0125, sharpness=1, clips=0, notes=1)"
