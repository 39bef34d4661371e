import pytest
import torch
from torch import nn

from recyclegan.networks import PatchGAN, PixelDiscriminator, PredictionNetwork, ResNetGenerator, UNet
from tests.golden.records import assert_matches, fill, image, records


def build(name: str, record: dict) -> nn.Module:
    width, channels = record["width"], record["inputs"][0]["shape"][1]
    makers = {
        "resnet_6blocks": lambda: ResNetGenerator(channels, 3, width, 6),
        "resnet_9blocks": lambda: ResNetGenerator(channels, 3, width, 9),
        "unet_128": lambda: UNet(channels, 3, width, 7),
        "unet_256": lambda: UNet(channels, 3, width, 8),
        "discriminator_basic": lambda: PatchGAN(channels, width, 3),
        "discriminator_n_layers_5": lambda: PatchGAN(channels, width, 5),
        "discriminator_pixel": lambda: PixelDiscriminator(channels, width),
        "prediction": lambda: PredictionNetwork(channels, width),
    }
    return makers[name]()


@pytest.mark.parametrize("name", records()["networks"])
def test_network_gives_the_published_output(name: str) -> None:
    record = records()["networks"][name]
    network = fill(build(name, record), record["phase"])
    assert {key: list(value.shape) for key, value in network.state_dict().items()} == record["state_dict"]
    with torch.no_grad():
        inputs = [image(entry["shape"], entry["phase"]) for entry in record["inputs"]]
        output = network(torch.cat(inputs, dim=1))
    assert_matches(output, record["output"])
