"""Whether a training state that was read is one of this run: every value has the type and the shape of its place."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from recyclegan.errors import InputError

MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam keeps of each parameter, in its shape."""


class MisfitError(InputError):
    """A value of a training state is not what belongs in its place."""


def require(holds: bool, place: str) -> None:
    """Raise a MisfitError that names the place unless the condition holds."""
    if not holds:
        raise MisfitError(place)


def check_like(found: Any, wanted: Any, place: str) -> None:
    """Refuse what differs from ``wanted`` in types, names, shapes or lengths; values may differ.

    Raises:
        MisfitError: it does; the place is named.
    """
    if isinstance(wanted, Tensor):
        check_tensor(found, wanted, place)
    elif isinstance(wanted, Mapping):
        require(isinstance(found, Mapping) and found.keys() == wanted.keys(), place)
        for name, value in wanted.items():
            check_like(found[name], value, f"{place}.{name}")
    else:
        require(type(found) is type(wanted), place)


def check_tensor(found: Any, like: Tensor, place: str) -> None:
    """Refuse what is no plain tensor of the shape and type of another."""
    require(type(found) in (Tensor, nn.Parameter), place)
    require(found.layout == like.layout and found.shape == like.shape and found.dtype == like.dtype, place)


def check_adam(found: Any, parameters: Iterable[Tensor], place: str) -> None:
    """Refuse what is not the state of Adam over these parameters, any of which may have had no step yet."""
    require(isinstance(found, Mapping) and found.keys() == {"state", "param_groups"}, place)
    require(isinstance(found["state"], Mapping), f"{place}.state")
    known = dict(enumerate(parameters))
    for number, moments in found["state"].items():
        here = f"{place}.state.{number}"
        require(number in known and isinstance(moments, Mapping) and moments.keys() == {"step", *MOMENTS}, here)
        require(isinstance(moments["step"], Tensor) and moments["step"].numel() == 1, f"{here}.step")
        for name in MOMENTS:
            check_tensor(moments[name], known[number], f"{here}.{name}")


def check_buffers(found: Any, domains: Iterable[str], is_frame: Callable[[str, Tensor], bool], place: str) -> None:
    """Refuse what does not hold a list of single fakes for each domain."""
    require(isinstance(found, Mapping) and found.keys() == set(domains), place)
    for domain, fakes in found.items():
        require(isinstance(fakes, list), f"{place}.{domain}")
        for number, fake in enumerate(fakes):
            require(type(fake) is Tensor and is_frame(domain, fake), f"{place}.{domain}.{number}")


def check_log(found: Any, place: str) -> None:
    """Refuse what is not the state of a ``RunLog``; earlier versions kept no ``last`` line."""
    names = {"sums", "num_steps", "due"}
    require(isinstance(found, Mapping) and {*names} <= found.keys() <= {*names, "last"}, place)
    require(type(found["num_steps"]) is int and found["num_steps"] >= 0, f"{place}.num_steps")
    for part in found.keys() - {"num_steps"}:
        require(_is_line(found[part]), f"{place}.{part}")


def _is_line(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and type(number) in (int, float) for name, number in value.items()
    )
