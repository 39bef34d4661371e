"""Whatever a file is called, and whatever its tags hold, it is a file and nothing else."""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from recyclegan.errors import InputError
from recyclegan.video import probe, read_video, write_video
from tests.media import make_video, number_of, numbered, sound_packets
from tests.test_video import images_of, times_of, translate

NAMES = [
    "12:30.mp4",
    "http:/host/a.mp4",
    "concat:a|b.mp4",
    "-i.mp4",
    "%03d.mp4",
    "pipe:0.mp4",
    "data:text,abc.mp4",
    "file:a.mp4",
    'take 2\'s "best".mp4',
    "a\nb.mp4",
    "*?[1].mp4",
    "\udce9t\udce9.mp4",
    "日本語.mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_files_of_odd_names_are_read_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    source, target = Path(name), Path("out") / name
    source.parent.mkdir(parents=True, exist_ok=True)
    make_video(tmp_path / "plain.mp4", [numbered(number) for number in range(6)], sound="aac").rename(source)
    assert [number_of(image) for image in images_of(source)] == [*range(6)]
    translate(source, target)
    assert times_of(target) == times_of(source)
    assert sound_packets(tmp_path / target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_path_that_looks_like_an_address_is_never_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:/127.0.0.1/a.mp4", "https://127.0.0.1/a.mp4", "tcp:127.0.0.1:9", "rtsp:/127.0.0.1/a"):
        with pytest.raises(InputError, match="no such file"):
            probe(Path(name))


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{other}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>',
    ],
)
def test_a_list_of_other_files_is_no_video(tmp_path: Path, text: str) -> None:
    write_video(tmp_path / "other.ts", [numbered(1)] * 3, rate=25)
    for suffix in (".mp4", ".m3u8", ".ts"):
        (tmp_path / f"list{suffix}").write_text(text.format(other=tmp_path / "other.ts"))
        with pytest.raises(InputError, match="not a readable video"):
            probe(tmp_path / f"list{suffix}")


def test_tags_that_are_no_unicode_do_not_matter(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.avi", [numbered(1)] * 3, [0, 1, 2], Fraction(1, 30), title="cafZ at night")
    data = source.read_bytes()
    assert b"cafZ" in data
    source.write_bytes(data.replace(b"cafZ", b"caf\xe9"))
    assert probe(source).width == 64
    translate(source, tmp_path / "out.mp4")
    assert len(images_of(tmp_path / "out.mp4")) == 3


def test_files_that_may_not_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, words in {tmp_path / "pipe.mp4": "is a device", tmp_path / ("x" * 300): "File name too long"}.items():
        with pytest.raises(InputError, match=words) as caught:
            next(read_video(path))
        assert "\n" not in str(caught.value)
