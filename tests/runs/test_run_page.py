"""The page of a run: what it says is there, its commands run as they stand, and it loads nothing from elsewhere."""

import json
import re
import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.cli import main
from recyclegan.runs.run_charts import MOST_POINTS, charts, thinned
from recyclegan.runs.run_page import RunPage, commands_of_results, preset_of, resume_command, run_page
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig
from recyclegan.training import train
from tests.pages.test_page import EVIL, NAN, Document
from tests.small import label_map, make_data, small_config
from tests.training.test_loop import kill_self_at

NAME = """it's "my" <b>run</b> & more"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Return the configuration of a run of 3 steps that is done, in a folder whose name is hard to write down."""
    root = tmp_path_factory.mktemp("page")
    config = small_config(make_data(root / "my data"), root / NAME, steps=3, sample_every=1)
    train(config)
    return config


def page_of(run: Path) -> Document:
    return Document((run / "index.html").read_text())


def shots_of(document: Document) -> list[list[str]]:
    (figure,) = [attributes for attributes in document.all("figure") if "data-shots" in attributes]
    return json.loads(figure["data-shots"])


def lines_of(run: Path) -> list[str]:
    """Return the command lines of a page as a reader copies them."""
    codes = re.findall(r"<code>(.*?)</code>", (run / "index.html").read_text(), re.DOTALL)
    return ["".join(Document(code).text) for code in codes]


def config_of(**changes: object) -> TrainConfig:
    return TrainConfig(**{"data": Path("data"), "out": Path("runs/mine"), **changes})


def messages(config: TrainConfig | None = None, **changes: object) -> RunPage:
    values = {"config": config or config_of(), "going": False, "done": 10, "num_steps": 40, "course": {}}
    return RunPage(**{**values, **changes})


def test_samples_of_all_steps_lie_where_the_page_looks_for_them(finished: TrainConfig) -> None:
    document = page_of(finished.out)
    assert shots_of(document) == [[f"samples/step-{step:08d}.png", f"step {step}"] for step in (1, 2, 3)]
    newest = "samples/step-00000003.png"
    assert [image["src"] for image in document.all("img")] == [newest]
    assert newest in [link["href"] for link in document.all("a")]
    assert all((finished.out / file).is_file() for file, _ in shots_of(document))


def test_the_folder_can_be_moved(finished: TrainConfig, tmp_path: Path) -> None:
    shutil.copytree(finished.out, tmp_path / "elsewhere")
    assert all((tmp_path / "elsewhere" / file).is_file() for file, _ in shots_of(page_of(tmp_path / "elsewhere")))


def test_nothing_on_the_page_is_loaded_from_elsewhere(finished: TrainConfig) -> None:
    markup = (finished.out / "index.html").read_text()
    for tag, attributes in Document(markup).tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#", "samples/")), tag
    assert not re.search(r"https?:|@import|url\(|//[a-z]", re.sub(r"^//.*$", "", markup, flags=re.MULTILINE))
    assert "default-src 'none'; img-src data: 'self' file:;" in markup


def test_every_command_on_the_page_runs_as_it_stands(finished: TrainConfig, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [shlex.split(line) for line in lines_of(finished.out)]
    assert [words[:2] for words in lines] == [
        ["recyclegan", name] for name in ("train", "translate", "evaluate", "translate", "evaluate", "doctor")
    ]
    for words in lines[1:]:
        assert str(finished.out) in words or any(word.startswith(f"{finished.out}/") for word in words)
        assert main(words[1:]) in ((0, 1) if words[1] == "doctor" else (0,)), words
    assert (finished.out / "evaluation-ba" / "report.html").is_file()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).map(lambda name: f"runs/{name}"))
@settings(max_examples=50, deadline=None)
def test_any_name_is_quoted_so_that_the_shell_reads_it_back(name: str) -> None:
    config = config_of(out=Path(name), data=Path(name) / "data")
    commands = [resume_command(config, "", "--steps", "9"), *commands_of_results(config, ("ab", "ba"))]
    for each in commands:
        assert shlex.split(each.line) == ["recyclegan", *each.words]
        assert any(word.startswith(str(config.out)) for word in each.words)


def test_commands_translate_as_the_run_was_trained() -> None:
    labels = config_of(frames=DataConfig(labels="b", damaged="keep", deinterlace=True))
    translate, evaluate, back, *_ = commands_of_results(labels, ("ab", "ba"))
    assert translate.words[-4:] == ("--damaged", "keep", "--deinterlace", "--frames"), "palettes are kept exactly"
    assert evaluate.words[-3:] == ("--damaged", "keep", "--deinterlace")
    assert back.words[4:6] == ("--direction", "ba")
    assert "--frames" not in back.words


def test_without_held_out_clips_commands_take_those_of_training(tmp_path: Path) -> None:
    config = config_of(data=tmp_path)
    assert str(tmp_path / "train" / "A") in commands_of_results(config, ("ab",))[0].words
    (tmp_path / "val").mkdir()
    assert str(tmp_path / "val" / "A") in commands_of_results(config, ("ab",))[0].words


def test_a_stopped_run_says_how_to_go_on_and_resuming_finishes_the_page(finished: TrainConfig, tmp_path: Path) -> None:
    config = replace(finished, out=tmp_path / "run")
    train(config, report=kill_self_at(1))
    stopped = page_of(config.out)
    assert "Stopped after 2 of 3 steps." in stopped.text
    assert shlex.split(lines_of(config.out)[0]) == [
        *("recyclegan", "train", "unsup-recycle-gan", "--out", str(config.out), "--resume")
    ]
    assert len(shots_of(stopped)) == 2
    train(config, resume=True)
    assert "Finished: 3 steps." in page_of(config.out).text
    assert len(shots_of(page_of(config.out))) == 3
    assert "--steps 6" in lines_of(config.out)[0]


def test_a_run_that_goes_on_tells_time_left_and_renews_itself(finished: TrainConfig, tmp_path: Path) -> None:
    seen: list[str] = []
    config = replace(finished, out=tmp_path / "run")
    train(config, report=lambda *_: seen.append((config.out / "index.html").read_text()))
    assert "In training: 1 of 3 steps." in seen[0]
    assert "In training: 2 of 3 steps." in seen[1]
    assert "Time left" in seen[1]
    assert "steps a second" in seen[1]
    assert all('<noscript><meta http-equiv="refresh"' in page and 'data-renew="30"' in page for page in seen[:2])
    assert "refresh" not in (config.out / "index.html").read_text()
    assert 'data-renew="0"' in (config.out / "index.html").read_text()


def test_a_run_that_fails_says_so_and_from_where_it_can_go_on(finished: TrainConfig, tmp_path: Path) -> None:
    def fail(done: int, total: int, terms: dict[str, float]) -> None:
        if done == 3:
            raise MemoryError

    config = replace(finished, out=tmp_path / "run", steps=5)
    with pytest.raises(MemoryError):
        train(config, report=fail)
    page = page_of(config.out)
    assert "Training failed: MemoryError" in page.text
    assert "Stopped after 2 of 5 steps." in page.text, "the checkpoint that --resume goes on from"
    assert 'data-renew="0"' in (config.out / "index.html").read_text()
    train(config, resume=True)
    assert "Finished: 5 steps." in page_of(config.out).text
    assert not any("failed" in words for words in page_of(config.out).text)


def test_samples_of_steps_that_are_done_again_are_not_shown(finished: TrainConfig) -> None:
    page = Document(run_page(messages(finished, done=2, num_steps=3)))
    assert [when for _, when in shots_of(page)] == ["step 1", "step 2"]


def test_before_the_first_samples_the_page_says_when_they_come(tmp_path: Path) -> None:
    page = Document(run_page(messages(config_of(out=tmp_path, sample_every=250), going=True, done=1, num_steps=1000)))
    assert "There are none yet; the first come after 250 steps." in page.text


def test_the_verdict_comes_first_and_hostile_names_are_shown_as_they_are() -> None:
    config = config_of(out=Path("runs") / EVIL.replace("/", ""), data=Path(EVIL.replace("/", "")))
    page = Document(run_page(messages(config, verdict=["A to B: " + EVIL], course={f"ab/{EVIL}": [(1, 0.5)]})))
    assert page.text.count("A to B: " + EVIL) == 1
    assert page.text.index("A to B: " + EVIL) < page.text.index("Samples", 20)
    assert len(page.all("script")) == 1


def test_silence_is_noticed_only_where_news_is_due() -> None:
    quiet = Document(run_page(messages(going=True, done=100, num_steps=900, speed=2.0)))
    (written,) = [a for a in quiet.all("p") if "data-silence" in a]
    assert int(written["data-silence"]) == 3 * 500 / 2
    (unknown,) = [a for a in Document(run_page(messages(going=True))).all("p") if "data-silence" in a]
    assert unknown["data-silence"] == "0"
    assert not any("data-silence" in a for a in Document(run_page(messages())).all("p"))


@pytest.mark.parametrize("name", PRESETS)
def test_the_preset_is_named_whatever_size_and_motion_are(name: str) -> None:
    preset = PRESETS[name]
    method = preset.config
    if hasattr(method, "flow"):
        method = replace(method, flow=replace(method.flow, motion=3.0))
    networks = replace(preset.others.get("networks", NetworkConfig()), width=8)
    config = config_of(method=method, networks=networks, frames=DataConfig(size=(64, 96)))
    assert preset_of(config) == name
    assert name in Document(run_page(messages(config))).text
    assert preset_of(replace(config, method=replace(method, adversarial=(3.0, 3.0)))) is None


def test_settings_that_matter_are_there(finished: TrainConfig) -> None:
    words = page_of(finished.out).text
    for shown in ("48x32 pixels (--size 32 48)", "resnet-6, width 4", str(finished.data), "unsup-recycle-gan"):
        assert any(shown in each for each in words), shown


def test_measures_come_before_losses_and_both_directions_share_a_chart() -> None:
    names = ("ab/cycle", "ba/cycle", "ab/equivariance", "ba/equivariance", "lr")
    course = {name: [(20.0, 1.0), (40.0, 2.0)] for name in names}
    assert 'class="s1"' in charts({"ba/cycle": course["ba/cycle"]}, measured=False)[0], "a direction keeps its colour"
    (equivariance,) = charts(course, measured=True)
    cycle, rate = charts(course, measured=False)
    assert "Equivariance error" in equivariance
    assert [text for text in Document(cycle).text if text.strip() in ("ab", "ba")] == ["ab ", "ba "]
    assert "Learning rate" in rate
    data = next(json.loads(a["data-values"]) for a in Document(cycle).all("figure"))
    assert data == {"places": [20.0, 40.0], "values": [["1", "2"], ["1", "2"]]}


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(-1e6, 1e6)), min_size=1, max_size=60), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_thinned_lines_keep_their_means(points: list[tuple[int, float]], most: int) -> None:
    line = sorted(dict(points).items())
    places, lines = thinned({"one": line}, most)
    assert len(places) == len(lines["one"]) <= most
    assert places == sorted(places)
    assert places[-1] == line[-1][0]
    stretch = -(-len(line) // most)
    wanted = [np.mean([v for _, v in line[i : i + stretch]]) for i in range(0, len(line), stretch)]
    np.testing.assert_allclose(lines["one"], wanted, rtol=1e-9, atol=1e-9)


def test_thinned_lines_have_gaps_where_values_are_not_finite_or_not_there() -> None:
    one = [(step, NAN if step == 3 else 1e300) for step in range(1, 9)]
    places, lines = thinned({"one": one, "two": [(8, 5.0)]}, 4)
    assert places == [2, 4, 6, 8]
    np.testing.assert_array_equal(lines["one"], [1e30, NAN, 1e30, 1e30])
    np.testing.assert_array_equal(lines["two"], [NAN, NAN, NAN, 5.0])


LINES = st.lists(st.tuples(st.integers(0, 2**53), st.floats()), min_size=1)


@given(st.dictionaries(st.text(max_size=8), LINES, max_size=4))
@settings(max_examples=60, deadline=None)
def test_whatever_a_run_has_logged_makes_a_page(course: dict[str, list[tuple[int, float]]]) -> None:
    page = Document(run_page(messages(course={name: sorted(dict(line).items()) for name, line in course.items()})))
    assert "Settings" in page.text
    assert not any("nan" in attributes.get("d", "") for attributes in page.all("path"))


def test_a_long_course_makes_no_large_page_and_takes_no_time() -> None:
    steps = range(20, 200_001, 20)
    course = {
        f"{direction}/term{n}": [(step, step % 7 / 7) for step in steps] for direction in ("ab", "ba") for n in range(9)
    }
    run = messages(course=course)
    seconds, pages = zip(*(timed(lambda: run_page(run)) for _ in range(3)), strict=True)
    assert min(seconds) < 0.3, "0.04 without the types that tests check"
    assert len(pages[0]) < 400_000
    (places,) = {len(json.loads(a["data-values"])["places"]) for a in Document(pages[0]).all("figure")}
    assert places <= MOST_POINTS


def timed(work: Callable[[], str]) -> tuple[float, str]:
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def test_label_maps_are_translated_and_measured_by_the_commands_of_the_page(tmp_path: Path) -> None:
    frames = DataConfig(size=(32, 48), labels="b", resize="rectangle")
    config = small_config(make_data(tmp_path / "data", make_b=label_map), tmp_path / "run", steps=1, frames=frames)
    train(config)
    translate = shlex.split(lines_of(config.out)[1])
    assert main(translate[1:]) == 0
    assert list((config.out / "translated-ab").rglob("*.png"))
