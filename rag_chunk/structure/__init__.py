"""Where lines, paragraphs, sentences and Markdown sections start, as places on the corpus' line."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rag_chunk.arrays import Bools, Positions, Spans, among, as_spans, distinct
from rag_chunk.characters import JOINER, NEWLINE, where
from rag_chunk.corpus import Corpus
from rag_chunk.structure.markdown import LAST, Block, parse_blocks, skipped_kind
from rag_chunk.structure.sentences import sentence_starts

__all__ = ["LAST", "Block", "Context", "Heading", "Structure", "parse_blocks", "sentence_starts", "structure_of"]

_WHOLE = frozenset({"fence", "code", "html", "front_matter", "table"})


class Context(NamedTuple):
    """What a part of a cut block does not show: the language of a fence, the header rows of a table."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: where its section starts on the line, its level, and the titles down to it."""

    position: int
    level: int
    path: tuple[str, ...]


class Structure:
    """The structure of one corpus; each part is found when it is first asked for."""

    def __init__(self, corpus: Corpus) -> None:
        """Remember the `corpus`."""
        self._corpus = corpus
        self._documents = corpus.documents
        self._starts = corpus.starts

    @cached_property
    def blocks(self) -> tuple[list[Block], ...]:
        """The Markdown blocks of each document; none for those that are not Markdown."""
        return tuple(parse_blocks(document) if document.is_markdown else [] for document in self._documents)

    @cached_property
    def line_starts(self) -> Positions:
        r"""Where lines start, those of `Document.line_starts`: [lines]."""
        flags = self._corpus.flags
        ends = where(flags, lambda block: (block & NEWLINE) > 0)
        feeds = (flags[ends] & JOINER) == 0  # of the two only \r may pull what follows
        following = np.minimum(ends + 1, len(flags) - 1)
        paired = ~feeds & ((flags[following] & (NEWLINE | JOINER)) == NEWLINE) & ~among(ends + 1, self._starts)
        return np.sort(np.concatenate([self._starts[:-1].astype(ends.dtype), ends[~paired] + 1]), kind="stable")

    @cached_property
    def _blank_lines(self) -> Bools:
        ends = np.append(self.line_starts[1:], self._starts[-1])
        blank: Bools = self._corpus.past_space(self.line_starts) >= ends
        return blank

    @cached_property
    def stanza_starts(self) -> Positions:
        """Where a line that is not blank follows a blank one, or begins a document."""
        after_blank = among(self.line_starts, self._starts[:-1])
        after_blank[1:] |= self._blank_lines[:-1]
        starts: Positions = self.line_starts[after_blank & ~self._blank_lines]
        return starts

    @cached_property
    def sentence_starts(self) -> Positions:
        """Where sentences start; blank lines end one too."""
        return distinct(sentence_starts(self._corpus, self.line_starts), self.stanza_starts)

    @cached_property
    def paragraph_starts(self) -> Positions:
        """Where paragraphs start: after blank lines outside fences, code, HTML and tables, and at headings.

        A heading goes with the paragraph after it.
        """
        starts = self.stanza_starts
        whole = self._block_spans(_WHOLE)
        starts = starts[~_strictly_inside(starts, whole)]
        headings = self._block_spans({"heading"})
        starts = distinct(starts, headings[:, 0])
        kept: Positions = starts[~among(starts, self._following(headings, starts))]
        return kept

    def outside_blocks(self, positions: Positions, kinds: frozenset[str]) -> Positions:
        """Return those positions that are not strictly inside a block of these kinds."""
        return np.extract(~_strictly_inside(positions, self._block_spans(kinds)), positions)

    def outside_markdown(self, positions: Positions) -> Positions:
        """Return those positions that are in documents of another kind."""
        plain = np.array([not document.is_markdown for document in self._documents], bool)
        return np.extract(plain[self._corpus.documents_at(positions)], positions)

    def _following(self, headings: Spans, starts: Positions) -> Positions:
        """Return the paragraph starts that come next after each heading, within its document."""
        index = np.searchsorted(starts, headings[:, 1], side="left")
        found = index < len(starts)
        following = starts[index[found]]
        borders = np.searchsorted(self._starts, headings[found, 0], side="right")
        within: Positions = following[following < self._starts[borders]]
        return within

    def _block_spans(self, kinds: "frozenset[str] | set[str]") -> Spans:
        """Return the spans on the line of all blocks of some kinds."""
        return as_spans(
            [(start + block.start, start + block.end) for start, block in self.placed_blocks if block.kind in kinds]
        )

    @cached_property
    def placed_blocks(self) -> tuple[tuple[int, Block], ...]:
        """Every Markdown block with the start of its document on the line, in order."""
        return tuple(
            (start, block)
            for start, blocks in zip(self._starts[:-1].tolist(), self.blocks, strict=True)
            for block in blocks
        )

    @cached_property
    def cut_blocks(self) -> tuple[Spans, list[Context]]:
        """The fences and tables, whose parts need to know their language or header: spans, and what those are."""
        found = [
            (start, block) for start, block in self.placed_blocks if block.kind in {"fence", "table"} and block.info
        ]
        spans = as_spans([(start + block.start, start + block.end) for start, block in found])
        return spans, [Context(block.kind, block.info) for _, block in found]

    def contexts(self, positions: Positions) -> "list[Context | None]":
        """Return for each position strictly inside a fence or table what its text needs to be understood."""
        spans, known = self.cut_blocks
        inside = _strictly_inside(positions, spans)
        index = np.searchsorted(spans[:, 0], positions, side="left") - 1
        return [known[row] if within else None for row, within in zip(index.tolist(), inside.tolist(), strict=True)]

    def skipped(self, kinds: "tuple[str, ...]") -> Spans:
        """Return the spans on the line of the blocks that `skip_blocks` names, in order."""
        found = []
        for start, block in self.placed_blocks if kinds else ():
            document = self._corpus.place(start + block.start, start + block.end).document
            if skipped_kind(block, document) in kinds:
                found.append((start + block.start, start + block.end))
        return as_spans(found)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Every heading with its path, in order; a document's start closes the path of the one before it."""
        found = []
        for start, blocks in zip(self._starts[:-1].tolist(), self.blocks, strict=True):
            path: list[tuple[int, str]] = []
            for block in blocks:
                if block.kind == "heading":
                    path = [(level, title) for level, title in path if level < block.level]
                    path.append((block.level, block.info))
                    found.append(Heading(start + block.start, block.level, tuple(title for _, title in path)))
        return tuple(found)

    @cached_property
    def section_starts(self) -> Positions:
        """Where sections start: at each document's start and at each heading."""
        return distinct(self._starts[:-1], np.array([heading.position for heading in self.headings], np.int64))

    @cached_property
    def _paths(self) -> tuple[Positions, list[tuple[str, ...]]]:
        known = dict.fromkeys(self._starts[:-1].tolist(), ()) | {
            heading.position: heading.path for heading in self.headings
        }
        positions = sorted(known)
        return np.array(positions, np.int64), [known[position] for position in positions]

    def heading_paths(self, positions: Positions) -> list[tuple[str, ...]]:
        """Return for each position the titles of the headings that it stands under, outermost first."""
        starts, paths = self._paths
        return [paths[index] for index in (np.searchsorted(starts, positions, side="right") - 1).tolist()]

    def line_numbers(self, positions: Positions) -> Positions:
        """Return the number, from 1, of the line within its document that holds each position.

        A document that ends with a line break has an empty last line, which starts where the next document does.
        """
        first = np.searchsorted(self._starts, positions, side="right") - 1
        line = np.searchsorted(self.line_starts, positions, side="right")
        return line - np.searchsorted(self.line_starts, self._starts[first], side="right") + 1


def _strictly_inside(positions: Positions, spans: Spans) -> Bools:
    """Return whether each position lies inside one of the disjoint, sorted `spans`, and not at its start."""
    index = np.searchsorted(spans[:, 0], positions, side="left") - 1
    inside: Bools = (index >= 0) & (positions < spans[np.maximum(index, 0), 1]) if len(spans) else index > 0
    return inside


def structure_of(corpus: Corpus) -> Structure:
    """Return the structure of `corpus`, found once and kept as long as the corpus."""
    return corpus.derived("structure", lambda: Structure(corpus))
