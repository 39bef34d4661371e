"""Translating as a pipeline: what follows is read, and what is done is written, while the generator works.

A thread decodes and gathers batches, the caller's own translates, another thread encodes. The queues between them are
bounded, so that memory does not grow with length, and order is kept. Where one of them fails, all end, and the caller
gets the error.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import numpy as np

from recyclegan.data.resize import Resize
from recyclegan.engines.batches import batches
from recyclegan.errors import InputError
from recyclegan.translation.kinds import Picture
from recyclegan.translation.mixing import mixed
from recyclegan.translation.outputs import Output
from recyclegan.translation.pending import Pending
from recyclegan.video.behind import Behind
from recyclegan.video.reading import made_ahead

if TYPE_CHECKING:
    from recyclegan.translation.translator import Translator


@runtime_checkable
class Pictured(Protocol):
    """What is translated: a frame with its time, or with its name."""

    @property
    def image(self) -> Picture:
        """Return its picture."""
        ...


T = TypeVar("T", bound=Pictured)
Group = tuple[list[T], Pending]
"""Neighbours of one size, and their translations under way."""
Progress = Callable[[int, int | None, str], None]
"""Told of (frames done, frames in all or None, what) while a video or folder is translated."""

_BATCHES = 1
"""Batches that wait before the generator, and behind it: enough for all three to work at once."""


class Pipeline:
    """Translates what is read with a translator, for an output."""

    def __init__(self, translator: "Translator", output: Output, even: bool = False) -> None:
        """``even`` makes sides even that are made smaller, as videos want it.

        Raises:
            InputError: further inputs are given to a translator that reads none.
        """
        if output.extra and not translator.card.extras:
            raise InputError(f"{output.extra}: this translator reads frames alone; leave --extra out")
        self._translator, self._output, self._even = translator, output, even

    def run(
        self,
        items: Iterable[T],
        write: Callable[[T, Picture], None],
        what: str,
        total: int | None,
        progress: Progress | None = None,
    ) -> int:
        """Translate each of ``total`` items, write them in their order, and return how many there were.

        ``what`` is what ``progress`` calls them.

        Raises whatever reading, translating or writing raises.
        """

        def write_group(group: Group[T]) -> None:
            for item, shown in zip(group[0], self._shown(*group), strict=True):
                write(item, shown)

        done, account = 0, self._translator.computing.account
        with account.timed(), _closed(items), closing(self._read(items)) as groups, Behind(write_group) as behind:
            for batch in groups:
                if not done:
                    self._translator.passage.settle(batch[0].image, total)
                for alike in self._begun(batch):
                    behind.put(alike)
                done += len(batch)
                if progress:
                    progress(done, total, what)
        return done

    def _read(self, items: Iterable[T]) -> Generator[list[T], None, None]:
        """Return batches of the items, which a thread reads ahead; items that may be waited for have ``stop``."""
        computing, pixels = self._translator.computing, self._translator.pixels
        gathered = batches(items, lambda: computing.batch_now, lambda item: pixels(item.image))
        return made_ahead(gathered, _BATCHES, getattr(items, "stop", lambda: None))

    def _begun(self, batch: list[T]) -> Iterator[Group[T]]:
        for (height, width, _), group in groupby(batch, key=lambda item: item.image.shape):
            alike = list(group)
            images = np.stack([item.image for item in alike])
            yield alike, self._translator.passage.begin(images, self._output.size(height, width, self._even))

    def _shown(self, items: list[T], pending: Pending) -> Iterator[Picture]:
        """Yield what is written for each item, in RGB."""
        translations = pending.images()
        self._translator.computing.took(len(items), pending.seconds())
        rgb = np.repeat(translations, 3 // translations.shape[3], axis=3) if translations.shape[3] < 3 else translations
        for item, translated in zip(items, rgb, strict=True):
            source = item.image[..., :3]
            shown = mixed(source, translated, self._output.strength, self._translator.card.labels_in)
            yield self._beside(source, shown) if self._output.side_by_side else shown

    def _beside(self, source: Picture, translated: Picture) -> Picture:
        """Return a source, as large as its translation, to the left of it."""
        resize = Resize("rectangle", *translated.shape[:2])
        return np.concatenate([resize(source, is_label=self._translator.card.labels_in), translated], axis=1)


def _closed(items: Iterable[T]) -> AbstractContextManager[object]:
    """Return what closes items that come from a generator, with all that it has opened."""
    return closing(items) if isinstance(items, Generator) else nullcontext()
