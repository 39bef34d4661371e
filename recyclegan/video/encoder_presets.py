"""Presets of encoders: how much work they put into making a video of one quality small."""

from pathlib import Path

from recyclegan.errors import InputError, nearest

_OF_X264 = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
_OF_NVENC = tuple(f"p{number}" for number in range(1, 8))
_OF_SVT_AV1 = tuple(str(number) for number in range(14))
_PRESETS = {
    **dict.fromkeys(("libx264", "libx264rgb", "libx265"), _OF_X264),
    **dict.fromkeys(("h264_nvenc", "hevc_nvenc", "av1_nvenc"), _OF_NVENC),
    "libsvtav1": _OF_SVT_AV1,
}


def preset_options(path: Path, codec: str, preset: str | None) -> dict[str, str]:
    """Return FFmpeg's options for a preset of an encoder; nothing for None, the encoder's own default.

    Raises:
        InputError: the encoder has no presets, or none of this name; ``path`` names the video.
    """
    if preset is None:
        return {}
    known = _PRESETS.get(codec, ())
    if not known:
        raise InputError(f"{path}: {codec} has no presets; leave --encoder-preset out")
    if preset not in known:
        hint = nearest(preset, known) or f"; expected {', '.join(known)}"
        raise InputError(f"{path}: encoder preset: found {preset!r} for {codec}{hint}")
    return {"preset": preset}
