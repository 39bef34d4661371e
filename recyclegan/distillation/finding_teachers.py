"""Which kind of teacher a place is: a translator of ours, a network of others, or a folder of what one made."""

from pathlib import Path

from recyclegan.checkpoint import CARD_KEY
from recyclegan.distillation.foreign_networks import ForeignTeacher
from recyclegan.distillation.teachers import Teacher, TranslatorTeacher
from recyclegan.distillation.translated_footage import FootageTeacher
from recyclegan.domains import DIRECTIONS, Direction
from recyclegan.engines.exported import check_installed, session_of
from recyclegan.engines.onnx_reading import is_exported
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.paths import AnyPath
from recyclegan.settings.distillation import LevelsChoice


def open_teacher(
    place: AnyPath, direction: Direction | None = None, device: str = "auto", levels: LevelsChoice = "auto"
) -> Teacher:
    """Return the teacher that a place is.

    A run folder, a translator (.safetensors or exported .onnx), ``hf://owner/name``; an ONNX file of others, whose
    ``levels`` are those that it reads; or a folder of videos or frames that any model made.

    Raises:
        InputError: it is none of them, or cannot be read.
    """
    path = Path(place)
    if is_exported(path) and kind_of(path) == "file":
        return _of_onnx(path, direction, levels)
    is_folder = kind_of(path) == "folder"
    if is_folder and not any((path / f"{way}.safetensors").exists() for way in DIRECTIONS):
        return FootageTeacher(path)
    return TranslatorTeacher(place, direction, device)


def _of_onnx(path: Path, direction: Direction | None, levels: LevelsChoice) -> Teacher:
    check_installed(str(path), "onnxruntime")
    try:
        session = session_of(str(path))
    except Exception as error:
        raise InputError(f"{path}: holds no network that onnxruntime reads ({type(error).__name__})") from error
    if CARD_KEY in session.get_modelmeta().custom_metadata_map:
        return TranslatorTeacher(path, direction, "cpu")
    return ForeignTeacher(path, session, levels)
