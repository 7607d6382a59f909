"""Finds a document by the name that somebody gives it."""

import posixpath
from collections.abc import Sequence

from rag_chunk.corpus.line import Corpus


class DocumentIndex:
    """The documents of a corpus by every name that they go by: the whole name, and without its ending."""

    def __init__(self, corpus: Corpus) -> None:
        """Name the documents of `corpus`."""
        self._named: dict[str, list[int]] = {}
        for index, document in enumerate(corpus.documents):
            self._named.setdefault(posixpath.splitext(document.name)[0], []).append(index)
            if document.conversion:  # as its text may be called
                for ending in (".md", ".txt"):
                    self._named.setdefault(document.name + ending, []).append(index)
                    self._named.setdefault(posixpath.splitext(document.name)[0] + ending, []).append(index)
        self._named |= {document.name: [index] for index, document in enumerate(corpus.documents)}

    def find(self, name: str) -> Sequence[int]:
        """Return the documents that `name` may mean: none, one, or several."""
        return self._named.get(name) or self._named.get(posixpath.normpath(name.replace("\\", "/")), [])
