"""Where lines, paragraphs, sentences and Markdown sections start, as places on the corpus' line."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions, Spans, among, as_spans, distinct, index_in, union
from rag_chunk.corpus.characters import JOINER, NEWLINE, where
from rag_chunk.corpus.structure.blocks import Blocks, blocks_of
from rag_chunk.corpus.structure.markdown import KINDS, LAST, MarkdownNodes
from rag_chunk.corpus.structure.sentences import sentence_starts

__all__ = ["KINDS", "LAST", "VERBATIM", "Blocks", "Context", "Heading", "Structure", "sentence_starts", "structure_of"]

_LINE_END = re.compile(r"\r\n?|\n")
VERBATIM = ("fence", "code", "html", "front_matter", "table")  # kinds of block that have no paragraphs or sentences


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
    def blocks(self) -> Blocks:
        """The blocks of Markdown documents, and the headings of reStructuredText; other documents have none."""
        found = MarkdownNodes()
        for document, first_line in zip(self._documents, self._first_lines().tolist(), strict=True):
            if document.is_markdown:
                found.add(document.text, first_line)
            elif document.is_rst:
                from rag_chunk.corpus.structure.rst import titles

                lines = _LINE_END.split(document.text)
                found.add_headings(lines, titles(lines), first_line)
        return blocks_of(found, self._corpus.flags, self.line_starts, self._line_text_starts[1])

    def _first_lines(self) -> Positions:
        """Return the number of each document's first line. Several begin at one place where documents are empty."""
        starts = self._starts[:-1]
        later = np.searchsorted(starts, starts, side="right") - np.arange(len(starts))
        firsts: Positions = index_in(self.line_starts, starts, "right") - later
        return firsts

    @cached_property
    def line_starts(self) -> Positions:
        r"""Where lines start, those of `Document.line_starts`: [lines]."""
        flags = self._corpus.flags
        ends = where(flags, lambda block: (block & NEWLINE) > 0)
        returns = ends[(flags[ends] & JOINER) > 0]  # of the two only \r may pull what follows
        after = np.minimum(returns + 1, len(flags) - 1)
        paired = returns[((flags[after] & (NEWLINE | JOINER)) == NEWLINE) & ~among(after, self._starts)]
        breaks = ends[~among(ends, paired)]
        return np.sort(np.concatenate([self._starts[:-1].astype(ends.dtype), breaks + 1]), kind="stable")

    @cached_property
    def _line_text_starts(self) -> tuple[Positions, Bools]:
        """Where the lines that are not blank have their first character but white space, and which are blank."""
        firsts = self._corpus.whitespace.past(self.line_starts)
        blank = firsts >= np.append(self.line_starts[1:], self._starts[-1])
        return firsts[~blank], blank

    @cached_property
    def stanza_starts(self) -> Positions:
        """Where a line that is not blank follows a blank one, or begins a document."""
        _, blank = self._line_text_starts
        after_blank = np.append(np.True_, blank)[:-1]
        after_blank[self._first_lines()] = True
        starts: Positions = self.line_starts[after_blank & ~blank]
        return starts

    @cached_property
    def sentence_starts(self) -> Positions:
        """Where sentences start; blank lines end one too."""
        return distinct(sentence_starts(self._corpus, self.line_starts, self._line_text_starts[0]), self.stanza_starts)

    @cached_property
    def paragraph_starts(self) -> Positions:
        """Where paragraphs start: after blank lines outside fences, code, HTML and tables, and at headings.

        A heading goes with the paragraph after it.
        """
        starts = self.stanza_starts
        starts = starts[~_strictly_inside(starts, self.blocks.spans(*VERBATIM))]
        headings = self.blocks.spans("heading")
        starts = distinct(starts, headings[:, 0])
        kept: Positions = starts[~among(starts, self._following(headings, starts))]
        return kept

    def outside_blocks(self, positions: Positions, *kinds: str) -> Positions:
        """Return those positions that are not strictly inside a block of these kinds."""
        return np.extract(~_strictly_inside(positions, self.blocks.spans(*kinds)), positions)

    @cached_property
    def plain_stanza_starts(self) -> Positions:
        """Where paragraphs start in documents that are not Markdown, but for those that come after a heading."""
        plain = np.array([not document.is_markdown for document in self._documents], bool)
        starts = np.extract(plain[self._corpus.documents_at(self.stanza_starts)], self.stanza_starts)
        return np.extract(~among(starts, self._following(self.blocks.spans("heading"), starts)), starts)

    def _following(self, headings: Spans, starts: Positions) -> Positions:
        """Return the paragraph starts that come next after each heading, within its document.

        A heading with text on its next line has none: that text is its paragraph.
        """
        index = np.searchsorted(starts, headings[:, 1], side="left")
        exists = index < len(starts)
        ends, following = headings[exists, 1], starts[index[exists]]
        borders = np.searchsorted(self._starts, headings[exists, 0], side="right")
        before = self._corpus.non_whitespace_before
        kept: Positions = following[(following < self._starts[borders]) & (before(ends) == before(following))]
        return kept

    def contexts(self, positions: Positions) -> "list[Context | None]":
        """Return for each position strictly inside a fence or table what its text needs to be understood."""
        spans, infos = self._fences_and_tables
        inside = _strictly_inside(positions, spans)
        rows = np.searchsorted(spans[:, 0], positions, side="left") - 1
        return [
            self._context(spans[row], infos[row]) if within else None
            for row, within in zip(rows.tolist(), inside.tolist(), strict=True)
        ]

    @cached_property
    def _fences_and_tables(self) -> tuple[Spans, list[str | None]]:
        """Where fences and tables are, also inside lists and quotes, and the info strings; `None` for a table's."""
        wanted, spans, infos = (KINDS.index("fence"), KINDS.index("table")), list[Spans](), list[str | None]()
        for blocks in (self.blocks, self.blocks.inner):
            rows = np.flatnonzero(np.isin(blocks.kinds, wanted))
            spans.append(as_spans(np.column_stack([blocks.starts[rows], blocks.ends[rows]])))
            infos += [blocks.infos[row] if blocks.kinds[row] == wanted[0] else None for row in rows.tolist()]
        both = np.concatenate(spans)
        order = np.argsort(both[:, 0], kind="stable")
        return as_spans(both[order]), [infos[row] for row in order.tolist()]

    def _context(self, span: Positions, info: str | None) -> Context | None:
        if info is not None:
            return Context("fence", info) if info else None
        from rag_chunk.corpus.structure.skipping import CONTAINERS  # as below

        start, end = span.tolist()
        second = index_in(self.line_starts, start, "right")  # a table's header is its first two lines
        header = int(np.append(self.line_starts[second + 1 : second + 2], end).min())
        return Context("table", CONTAINERS.sub("", self._corpus.text(start, header)).strip())

    def skipped_spans(self, kinds: "tuple[str, ...]") -> Spans:
        """Return the spans on the line of what `skip_blocks` names: disjoint, in order, each in one document."""
        together = union(np.concatenate([np.zeros((0, 2), np.int64), *(self._skippable[kind] for kind in kinds)]))
        between = self._starts[_strictly_inside(self._starts, together)]
        return as_spans(np.column_stack([distinct(border, between) for border in together.T]))

    @cached_property
    def _skippable(self) -> dict[str, Spans]:
        from rag_chunk.corpus.structure.skipping import skippable_spans  # compiles ten expressions, which few runs need

        return skippable_spans(self._corpus, self.blocks)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Every heading with its path, in order; a document's start closes the path of the one before it."""
        blocks, rows = self.blocks, np.flatnonzero(self.blocks.of("heading"))
        positions, levels = blocks.starts[rows], blocks.levels[rows].tolist()
        documents = self._corpus.documents_at(positions).tolist()
        headings, path, before = list[Heading](), list[tuple[int, str]](), -1
        for row, position, level, document in zip(rows.tolist(), positions.tolist(), levels, documents, strict=True):
            path = [(above, title) for above, title in path if above < level] if document == before else []
            path.append((level, blocks.infos[row]))
            headings.append(Heading(position, level, tuple(title for _, title in path)))
            before = document
        return tuple(headings)

    @cached_property
    def section_starts(self) -> Positions:
        """Where sections start: at each document's start and at each heading."""
        return distinct(self._starts[:-1], self.blocks.spans("heading")[:, 0])

    @cached_property
    def _paths(self) -> tuple[Positions, list[tuple[str, ...]]]:
        known = dict.fromkeys(self._starts[:-1].tolist(), ()) | {
            heading.position: heading.path for heading in self.headings
        }
        positions = sorted(known)
        return np.array(positions, np.int64), [known[position] for position in positions]

    def heading_paths(self, positions: Positions) -> list[tuple[str, ...]]:
        """Return for each position the titles of the headings above it, outermost first."""
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
    return corpus.derive(Structure, lambda: Structure(corpus))
