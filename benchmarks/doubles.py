"""How far apart copies and strangers lie for ``recyclegan doctor``, on clips that share nothing, as one JSON line.

``python benchmarks/doubles.py DATA`` correlates frames of different clips (the largest value of all pairs is given),
neighbouring frames of each clip, and frames with those of a copy at half the size and CRF 40 (medians of each domain).
"""

import argparse
import json
import tempfile
from collections import defaultdict
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np
from PIL import Image

from recyclegan.data import Clip
from recyclegan.doctor.doubles import Moments, moments_of
from recyclegan.doctor.scan import look_at
from recyclegan.metrics.pictures import patterns_of, thumbnail
from recyclegan.video import read_video, write_video

COPIED = 2
"""Clips of each domain that are copied."""


def neighbours(clip: Moments) -> np.ndarray:
    return np.diagonal(clip.correlations(clip.patterns), offset=1)


def copied(clip: Clip, moments: Moments) -> np.ndarray:
    height, width = (side // 4 * 2 for side in clip.size)
    small = [np.asarray(Image.fromarray(image).resize((width, height))) for image in clip.images()]
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder) / "copy.mp4", small, Fraction(30), crf=40)
        thumbs = np.stack([thumbnail(frame.image) for frame in read_video(Path(folder) / "copy.mp4")])
    return np.diagonal(moments.correlations(patterns_of(thumbs)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    scan = look_at(parser.parse_args().data, 10_000, None, None, lambda *_: None)
    moments = [moments_of(view) for view in scan.views]
    near: dict[str, list[np.ndarray]] = defaultdict(list)
    copies: dict[str, list[np.ndarray]] = defaultdict(list)
    for clip in moments:
        domain = clip.view.domain
        near[domain].append(neighbours(clip))
        if len(copies[domain]) < COPIED:
            copies[domain].append(copied(clip.view.clip, clip))
    found = {
        "benchmark": "doubles",
        "clips": len(moments),
        "frames": sum(len(clip.patterns) for clip in moments),
        "different_clips_most": max(one.nearest(other.patterns) for one, other in permutations(moments, 2)),
        "neighbours": {domain: float(np.median(np.concatenate(parts))) for domain, parts in near.items()},
        "copies": {domain: float(np.median(np.concatenate(parts))) for domain, parts in copies.items()},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
