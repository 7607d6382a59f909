"""`Stage`: the time of a part of the work on one configuration."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rag_chunk.corpus import Corpus


@dataclass(slots=True)
class Stage:
    """How long a configuration's own part of a stage took, and the part that it computed for all of them: in seconds."""

    seconds: float = 0.0
    shared: float = 0.0


@contextmanager
def time_stage(corpus: Corpus) -> Iterator[Stage]:
    """Time a stage of one configuration; what is derived of `corpus` in it is there for all of them."""
    stage = Stage()
    before, started = corpus.seconds_deriving, time.perf_counter()
    yield stage
    stage.shared = corpus.seconds_deriving - before
    stage.seconds = time.perf_counter() - started - stage.shared
