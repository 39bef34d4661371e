import pytest
import torch

from recyclegan.flow import projective_flow, smooth_flow, warp, zoom_homography
from tests.golden.records import assert_matches, flow, image, records


def test_warp_follows_aligned_corners() -> None:
    record = records()["warp"]
    frames = image(record["input"]["shape"], record["input"]["phase"])
    batch, _, height, width = frames.shape
    warped = warp(frames, flow(height, width, record["flow_phase"], batch))
    assert_matches(warped, record["align_corners_true"])
    assert abs(float(warped.mean()) - record["align_corners_false"]["mean"]) > 1e-6


@pytest.mark.parametrize("record", records()["flow"], ids=lambda r: f"{r['height']}x{r['width']}")
def test_synthetic_flow(record: dict) -> None:
    coarse = torch.tensor(record["coarse"], dtype=torch.float64).permute(2, 0, 1)[None]
    shift = torch.tensor([[record["shift_x"], record["shift_y"]]], dtype=torch.float64)
    made = smooth_flow(coarse, shift, record["height"], record["width"], window=100)
    assert_matches(made[0], record["output"], 1e-6)


def test_zoom_flow() -> None:
    record = records()["flow_scale"]
    strength = torch.tensor([record["scale_factor"]], dtype=torch.float64)
    centre = torch.tensor([[300.0 - record["cent_x"], 300.0 - record["cent_y"]]], dtype=torch.float64)
    made = projective_flow(zoom_homography(strength, centre), record["height"], record["width"])
    assert_matches(made[0], record["output"], 1e-6)
