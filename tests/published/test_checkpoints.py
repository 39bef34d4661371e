"""Networks go into the published files and come back, from every member of the family, without running code."""

import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.networks import make_discriminator, make_generator
from recyclegan.networks.weights import read_weights
from recyclegan.published.exchange import (
    PLACES,
    Architecture,
    find_generator,
    infer_architecture,
    load_network,
    missing_epoch,
    networks_of,
    read_generator,
    write_networks,
)
from tests.golden.records import records
from tests.small import small_method

SMALL = Architecture("resnet-6", 3, 3, 4, "instance")
FRAMES = torch.linspace(-1, 1, 3 * 32 * 32).view(1, 3, 32, 32)

architectures = st.builds(
    Architecture,
    st.sampled_from(["resnet-6", "resnet-9"]),
    st.sampled_from([1, 3]),
    st.sampled_from([1, 3]),
    st.integers(1, 5),
    st.sampled_from(["instance", "batch", "none"]),
    st.booleans(),
) | st.builds(
    Architecture,
    st.sampled_from(["unet-128", "unet-256"]),
    st.sampled_from([1, 3]),
    st.sampled_from([1, 3]),
    st.integers(1, 3),
    st.sampled_from(["instance", "batch", "none"]),
)


@settings(max_examples=30, deadline=None)
@given(architectures)
def test_tensors_tell_the_architecture(architecture: Architecture) -> None:
    weights = architecture.build().state_dict()
    assert infer_architecture(weights, architecture.norm) == architecture


@pytest.mark.parametrize("name", ["resnet_6blocks", "resnet_9blocks", "unet_128"])
def test_published_names_tell_the_architecture(name: str) -> None:
    record = records()["networks"][name]
    weights = {key: torch.zeros(shape) for key, shape in record["state_dict"].items()}
    found = infer_architecture(weights)
    assert (found.width, found.channels_in) == (record["width"], record["inputs"][0]["shape"][1])
    assert found.generator == {"resnet_6blocks": "resnet-6", "resnet_9blocks": "resnet-9"}.get(name, "unet-128")


def save(path: Path, weights: object, **options: object) -> Path:
    torch.save(weights, path, **options)
    return path


def translated(path: Path) -> Tensor:
    with torch.inference_mode():
        return read_generator(path)[0](FRAMES)


def expected(network: nn.Module) -> Tensor:
    with torch.inference_mode():
        return network.eval()(FRAMES)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_old_and_new_torch_load(tmp_path: Path, zipped: bool) -> None:
    network = SMALL.build()
    path = save(tmp_path / "latest_net_G_A.pth", network.state_dict(), _use_new_zipfile_serialization=zipped)
    assert torch.equal(translated(path), expected(network))


def test_a_prefix_of_data_parallel_is_dropped(tmp_path: Path) -> None:
    network = SMALL.build()
    path = save(tmp_path / "g.pth", {f"module.{name}": value for name, value in network.state_dict().items()})
    assert torch.equal(translated(path), expected(network))


def test_running_statistics_of_instance_norm_are_dropped(tmp_path: Path) -> None:
    network = SMALL.build()
    statistics = {"model.2.running_mean": torch.ones(4), "model.2.running_var": torch.ones(4)}
    path = save(tmp_path / "g.pth", {**network.state_dict(), **statistics})
    assert torch.equal(translated(path), expected(network))


def test_missing_biases_before_a_norm_are_zeros(tmp_path: Path) -> None:
    network = SMALL.build()
    weights = network.state_dict()
    output = list(weights)[-1]
    kept = {name: value for name, value in weights.items() if not name.endswith("bias") or name == output}
    assert len(kept) < len(weights)
    assert torch.equal(translated(save(tmp_path / "g.pth", kept)), expected(network))


def test_the_output_layers_bias_is_never_made_up(tmp_path: Path) -> None:
    weights = SMALL.build().state_dict()
    output = list(weights)[-1]
    path = save(tmp_path / "g.pth", {name: value for name, value in weights.items() if name != output})
    with pytest.raises(InputError, match=f"lacks {output}"):
        read_generator(path)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.mark), "w")


def test_pickled_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "g.pth", tmp_path / "mark"
    path.write_bytes(pickle.dumps({"model.1.weight": Trap(mark)}))
    with pytest.raises(InputError, match="does not load as tensors alone"):
        read_weights(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"features.0.weight": torch.zeros(3, 3)}, "no generator of this family"),
        ({"model.1.weight": torch.zeros(4, 3, 7, 7)}, "ResNet of 0 blocks"),
        ({"model.model.0.weight": torch.zeros(4, 3, 4, 4)}, "U-Net of 0 levels"),
        ([torch.zeros(3)], "no state_dict"),
    ],
)
def test_other_files_are_told(tmp_path: Path, weights: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_generator(save(tmp_path / "g.pth", weights))


def test_instance_norm_with_weights_is_refused() -> None:
    weights = {**SMALL.build().state_dict(), "model.2.weight": torch.ones(4)}
    with pytest.raises(InputError, match="weights of its own"):
        infer_architecture(weights)


def test_another_network_is_told() -> None:
    with pytest.raises(InputError, match="besides"):
        load_network(make_discriminator("patch", width=4), make_generator("resnet-6", width=4).state_dict(), "d.pth")
    with pytest.raises(InputError, match="differs in shapes"):
        load_network(make_discriminator("patch", width=4), make_discriminator("patch", width=5).state_dict(), "d.pth")


def test_a_methods_networks_have_the_published_letters(tmp_path: Path) -> None:
    method = small_method("recycle-gan")
    networks = networks_of(method.state_dict())
    assert networks.keys() == PLACES.keys()
    files = write_networks(tmp_path, "3", networks)
    assert {file.name for file in files} == {f"3_net_{label}.pth" for label in PLACES}
    assert torch.equal(
        read_weights(tmp_path / "3_net_D_A.pth")["model.0.bias"], method.discriminators["b"].model[0].bias
    )
    assert torch.equal(read_weights(tmp_path / "3_net_G_B.pth")["model.1.bias"], method.generators["ba"].model[1].bias)
    load_network(method.predictors["a"], read_weights(tmp_path / "3_net_P_A.pth"), "P_A")


def test_a_one_sided_generator_goes_from_a_to_b(tmp_path: Path) -> None:
    path = save(tmp_path / "latest_net_G.pth", SMALL.build().state_dict())
    assert find_generator(tmp_path, "latest", "ab") == path
    assert find_generator(tmp_path, "latest", "ba") is None


def test_a_missing_epoch_names_those_that_are_there(tmp_path: Path) -> None:
    save(tmp_path / "7_net_G_A.pth", {})
    assert "epochs found: 7" in str(missing_epoch(tmp_path, "8"))
    assert "no such folder" in str(missing_epoch(tmp_path / "x", "8"))
