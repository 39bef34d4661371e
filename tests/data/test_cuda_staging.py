"""On a GPU batches are bit for bit those of the CPU, whichever way they come and however busy the GPU is."""

import numpy as np
import pytest
import torch

from recyclegan.data import Crop, DomainFrames, UnpairedClips
from recyclegan.data.staging import Prefetched, Staging, are_kept, free_bytes, keep, num_bytes
from recyclegan.tensors import scaled

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here"),
    pytest.mark.filterwarnings("default"),
]
CUDA = torch.device("cuda", 0)
STEPS = 40


def sampler() -> UnpairedClips:
    rng = np.random.default_rng(7)
    clips = tuple(rng.integers(0, 256, (length, 120, 140, 3), np.uint8) for length in (3, 6))
    frames = DomainFrames(("one", "two"), clips)
    return UnpairedClips(frames, frames, 2, Crop("square", 90, 90), flip=True, batch_size=2)


def test_levels_are_scaled_to_the_bits_of_the_cpu() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(scaled(levels.to(CUDA)).cpu(), scaled(levels))


@pytest.mark.parametrize("kept", [False, True])
def test_batches_made_ahead_are_those_of_the_cpu_while_the_gpu_is_busy(kept: bool) -> None:
    clips, work = sampler(), torch.randn(2048, 2048, device=CUDA)
    staging = Staging(clips, CUDA, keep(clips, CUDA) if kept else None)
    seen = []
    with Prefetched(staging.stage, 0, STEPS) as batches:
        for step in range(STEPS):
            for _ in range(10):
                work = (work @ work).sin()
            seen.append({domain: frames + 0 for domain, frames in batches.batch(step).items()})
    for step, batch in enumerate(seen):
        for domain, wanted in clips.batch(step).items():
            assert torch.equal(batch[domain].cpu(), wanted), f"step {step}"


def test_making_batches_waits_for_nothing_on_the_gpu() -> None:
    clips = sampler()
    staging = Staging(clips, CUDA, keep(clips, CUDA))
    staging.stage(0).take()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(1, 6):
            staging.stage(step).take()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_graph_can_be_captured_while_batches_are_made() -> None:
    clips, static = sampler(), torch.zeros(64, 64, device=CUDA)
    with Prefetched(Staging(clips, CUDA).stage, 0, 1000) as batches:
        batches.batch(0)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            (static @ static).sum()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            for _ in range(200):
                static = (static @ static).sin()
        for step in range(1, 20):
            batches.batch(step)
            graph.replay()
    torch.cuda.synchronize()


def test_frames_are_kept_in_levels_where_a_third_of_the_free_memory_is_enough() -> None:
    clips, before = sampler(), torch.cuda.memory_allocated(CUDA)
    kept = keep(clips, CUDA)
    assert torch.cuda.memory_allocated(CUDA) - before < 1.1 * num_bytes(clips) + 4096
    assert {frames.device.type for domain in kept.values() for frames in domain} == {"cuda"}
    assert are_kept("auto", num_bytes(clips), CUDA)
    assert not are_kept("auto", free_bytes(CUDA), CUDA)
