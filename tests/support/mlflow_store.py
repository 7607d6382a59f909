"""A store with two tracked analyses of the same documents, for tests of what is found there again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag_chunk import RunConfig
from rag_chunk.mlflow_tracker import Tracked, TrackingConfig, track_folder
from rag_chunk.workflow.results import save_results
from tests.analysis.test_comparison import LARGE, SMALL, analysed, write_documents, write_questions
from tests.support.empty_store import copy_empty_store


class Store:
    """A store with an analysis of two configurations and one of a single one, and the folders that they were made of."""

    def __init__(self, folder: Path, uri: str = "") -> None:
        self.folder, self.uri = folder, uri or copy_empty_store(folder)
        write_documents(folder / "docs")
        write_questions(folder / "questions.json")
        self.both = self.track("both", SMALL, LARGE)
        self.single = self.track("single", LARGE)

    def track(self, name: str, *configs: RunConfig, test_file: str = "questions.json", **options: Any) -> Tracked:
        analysis = analysed(self.folder, *configs, questions=self.folder / test_file)
        save_results(analysis, self.folder / name)
        named = TrackingConfig(**{"uri": self.uri, "experiment_name": "houses", **options})
        return track_folder(self.folder / name, named, notify=lambda _: None)

    def child(self, name: str) -> str:
        return self.both.children[name]


@contextmanager
def houses(folder: Path, uri: str = "") -> Iterator[Store]:
    """Track two analyses in a folder, which is the working folder meanwhile, or on a server at `uri`."""
    here = Path.cwd()
    os.chdir(folder)
    yield Store(folder, uri)
    os.chdir(here)
