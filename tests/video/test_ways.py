"""The ways of a video through translate, train, evaluate, prepare and doctor: what is wrong with it is told."""

from pathlib import Path

import pytest

from recyclegan import cli
from recyclegan.calibration import footage_of
from recyclegan.data import Clip, LoadSpec, Resize, find_clips, load_data
from recyclegan.data.prepare import prepare_videos
from recyclegan.doctor import clip_checks as clip_checks
from recyclegan.doctor import clip_checks as time_checks
from recyclegan.errors import InputError
from recyclegan.evaluation.paired_clips import pair_clips
from recyclegan.settings.frames import DataConfig, Reading
from recyclegan.translation import Output
from recyclegan.video import count_frames, probe, write_video
from tests.doctor.world import only, survey_of
from tests.doctor.world import scene as still_scene
from tests.media import make_video, numbered
from tests.test_translation import identity, message_of
from tests.video.films import changed, cut, encode, packets_of, scene, without_first_packets
from tests.video.test_losses import interlaced

KEEP = Reading(damaged="keep")


def damaged_mp4(path: Path, num_frames: int = 30) -> Path:
    """Write an MP4 whose decoder must patch up some frames; its index is whole."""
    whole = encode(path.with_name("whole.mp4"), scene(num_frames, 64, 96), bf="0", crf="12")
    places = [place + size // 2 for place, size in packets_of(whole)[10:14]]
    changed(whole, path, places)
    whole.unlink()
    return path


def test_a_damaged_video_is_translated_on_demand_and_told(tmp_path: Path) -> None:
    source = damaged_mp4(tmp_path / "in.mp4")
    line = message_of(identity().translate_video, source, tmp_path / "out.mp4")
    assert "of 30 frames" in line
    assert "--damaged keep" in line
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    for output, target in ((Output(damaged="keep"), "out.mp4"), (Output(frames=True, damaged="keep"), "frames")):
        notes = identity().translate_video(source, tmp_path / target, output)
        num_frames = count_frames(source, KEEP)
        assert any(f"kept {num_frames} of 30 frames" in note for note in notes)
    assert count_frames(tmp_path / "out.mp4") == len(list((tmp_path / "frames").iterdir())) == num_frames


def test_a_video_that_is_cut_off_is_refused_before_one_frame_is_translated(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    encode(tmp_path / "in" / "a.mp4", scene(20))
    cut(encode(tmp_path / "b.mkv", scene(60), g="10"), tmp_path / "in" / "b.mkv", 0.7)
    line = message_of(identity().translate_folder, tmp_path / "in", tmp_path / "out")
    assert "b.mkv: decoding stopped after" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("codec", ["libx264", "aac", "nonsense"])
def test_a_codec_that_does_not_fit_is_refused_before_the_first_of_a_folder(tmp_path: Path, codec: str) -> None:
    (tmp_path / "in").mkdir()
    encode(tmp_path / "in" / "a.mp4", scene(5))
    write_video(tmp_path / "in" / "b.webm", [numbered(1)] * 5, rate=25)
    message_of(identity().translate_folder, tmp_path / "in", tmp_path / "out", Output(codec=codec))
    assert not (tmp_path / "out").exists()


def test_videos_of_formats_that_are_not_written_become_mp4_and_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    encode(tmp_path / "in" / "a.mpg", scene(10), "mpeg2video")
    encode(tmp_path / "in" / "b.wmv", scene(10), "wmv2")
    notes = identity().translate_folder(tmp_path / "in", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]
    assert sum("is read but not written; becomes" in note for note in notes) == 2
    encode(tmp_path / "in" / "a.mp4", scene(10))
    assert "would both become" in message_of(identity().translate_folder, tmp_path / "in", tmp_path / "other")
    output = Output(frames=True, existing="replace")
    assert "would both become" in message_of(identity().translate_folder, tmp_path / "in", tmp_path / "frames", output)
    (tmp_path / "in" / "a.mp4").unlink()
    identity().translate_folder(tmp_path / "in", tmp_path / "frames", output)
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == ["a", "b"]


def test_what_a_translation_loses_or_mends_is_told(tmp_path: Path) -> None:
    source = interlaced(tmp_path / "in.mpg")
    assert any("--deinterlace" in note for note in identity().translate_video(source, tmp_path / "out.mp4"))
    output = Output(deinterlace=True)
    assert any("made whole" in note for note in identity().translate_video(source, tmp_path / "whole.mp4", output))
    encode(tmp_path / "deep.mov", scene(4), "prores", "yuv422p10le")
    assert any("10 bits" in note for note in identity().translate_video(tmp_path / "deep.mov", tmp_path / "8.mov"))


def test_damaged_footage_is_trained_on_on_demand_and_told(tmp_path: Path) -> None:
    for domain in "AB":
        (tmp_path / "data" / "train" / domain).mkdir(parents=True)
        damaged_mp4(tmp_path / "data" / "train" / domain / "clip.mp4")
    specs = {domain: LoadSpec(Resize("rectangle", 32, 48)) for domain in ("a", "b")}
    with pytest.raises(InputError, match="--damaged keep"):
        load_data(tmp_path / "data", "train", specs, tmp_path / "cache")
    reading = DataConfig(damaged="keep").reading
    data = load_data(tmp_path / "data", "train", specs, tmp_path / "cache", reading=reading)
    (clip,) = find_clips(tmp_path / "data" / "train" / "A", reading=reading)
    assert len(data["a"].clips[0]) == clip.num_frames == count_frames(clip.files[0], reading)
    for domain in data.values():
        assert any(f"kept {clip.num_frames} of 30 frames" in note for note in domain.notes)
    again = load_data(tmp_path / "data", "train", specs, tmp_path / "cache", reading=reading)
    assert again["a"].notes == data["a"].notes
    with pytest.raises(InputError, match="--damaged keep"):
        load_data(tmp_path / "data", "train", specs, tmp_path / "cache")


def test_our_own_translation_of_half_a_recording_is_as_long_as_it(tmp_path: Path) -> None:
    source = without_first_packets(encode(tmp_path / "in.ts", scene(40), g="20"), tmp_path / "cut.ts", 11)
    notes = identity().translate_video(source, tmp_path / "out.mp4")
    assert any("begins between key frames" in note for note in notes)
    (pair,) = pair_clips(tmp_path / "out.mp4", source)
    assert pair.translated.num_frames == pair.source.num_frames == len(list(pair.moments())) > 0


def test_kept_footage_is_evaluated_and_calibrated_on(tmp_path: Path) -> None:
    source = damaged_mp4(tmp_path / "in.mp4")
    identity().translate_video(source, tmp_path / "out.mp4", Output(damaged="keep"))
    (pair,) = pair_clips(tmp_path / "out.mp4", source, reading=KEEP)
    assert len(list(pair.moments())) == pair.source.num_frames
    with pytest.raises(InputError, match="--damaged keep"):
        list(pair_clips(tmp_path / "out.mp4", source)[0].moments())
    ((clip,),) = footage_of(source, reading=KEEP).values()
    assert clip == Clip("in", "video", (source,), KEEP)


def test_an_only_damaged_clip_is_cut_on_demand(tmp_path: Path) -> None:
    source, other = damaged_mp4(tmp_path / "in.mp4"), encode(tmp_path / "other.mp4", scene(30))
    with pytest.raises(InputError, match="--damaged keep"):
        prepare_videos(tmp_path / "data", [source], [other], val=0.2)
    prepared = prepare_videos(tmp_path / "data", [source], [other], val=0.2, damaged="keep")
    assert any("kept" in note and "of 30 frames" in note for note in prepared.notes)
    assert count_frames(tmp_path / "data" / "val" / "A" / "in.mp4") == 6


def test_the_doctor_tells_of_damaged_and_of_interlaced_videos(tmp_path: Path) -> None:
    for domain in "AB":
        (tmp_path / "train" / domain).mkdir(parents=True)
        make_video(tmp_path / "train" / domain / "sound.mp4", still_scene(1))
    damaged_mp4(tmp_path / "train" / "A" / "patched.mp4")
    cut(encode(tmp_path / "whole.avi", scene(60), "mpeg4", g="5"), tmp_path / "train" / "A" / "cut.avi", 0.6)
    interlaced(tmp_path / "train" / "B" / "fields.mpg")
    scan = survey_of(tmp_path)
    cut_off, patched = sorted(finding.what for finding in clip_checks.unreadable_files(scan))
    assert "cut.avi: decoding stopped after" in cut_off
    assert "of 60 frames" in cut_off
    assert "patched.mp4: decoding stopped after 10 of 30 frames" in patched
    only(time_checks.interlaced_videos(scan), "warning", "1 interlaced video", "train/B/fields.mpg")


def test_a_long_video_that_is_cut_off_is_found_without_decoding_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.doctor.scan.LONG", 20)
    for domain in "AB":
        (tmp_path / "train" / domain).mkdir(parents=True)
        make_video(tmp_path / "train" / domain / "sound.mp4", still_scene(1))
    options = {"movflags": "+faststart"}
    encode(tmp_path / "whole.mp4", scene(60), container_options=options, g="5")
    cut(tmp_path / "whole.mp4", tmp_path / "train" / "A" / "cut.mp4", 0.7)
    (finding,) = clip_checks.unreadable_files(survey_of(tmp_path))
    assert "cut.mp4" in finding.what
    assert "of 60 frames" in finding.what


@pytest.mark.parametrize("command", ["translate", "train cycle-gan", "evaluate", "calibrate", "prepare videos"])
def test_the_way_out_that_a_refusal_names_is_an_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([*command.split(), "--help"])
    assert "--damaged" in capsys.readouterr().out


def test_an_information_of_fields_is_no_more_than_the_first_frame(tmp_path: Path) -> None:
    assert not probe(encode(tmp_path / "in.mp4", scene(3))).is_interlaced


def test_a_preview_of_a_damaged_video_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged_mp4(tmp_path / "clip.mp4")
    words = ["flow-preview", str(tmp_path / "clip.mp4"), str(tmp_path / "out"), "--num-frames", "2"]
    assert cli.main([*words, "--damaged", "keep"]) == 0
    assert "of 30 frames" in capsys.readouterr().err
