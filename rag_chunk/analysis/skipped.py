"""What configurations cannot use: evidence in blocks that they skip, and headings that no document has."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import as_spans, count_covered_before, distinct, union
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.structure import structure_of
from rag_chunk.questions import Questions
from rag_chunk.scorer.evidence import evidence_table

_BY_HEADINGS = "header"


def find_skipped_evidence(
    corpus: Corpus, questions: Questions, configs: Iterable[RunConfig]
) -> tuple[tuple[str, str], ...]:
    """Return each `skip_blocks` that leaves out evidence, and a sentence on how much of it."""
    asked = dict.fromkeys(config.skip_blocks for config in configs if config.strategy in STRATEGIES)
    lost_by_setting = {f"skip_blocks {','.join(kinds)}": _lost(corpus, questions, kinds) for kinds in asked if kinds}
    return tuple((name, lost) for name, lost in lost_by_setting.items() if lost)


def has_headings(corpus: Corpus, configs: Iterable[RunConfig]) -> bool:
    """Whether a document has a heading; it is not looked for where no configuration cuts by headings."""
    return any(config.strategy == _BY_HEADINGS for config in configs) and bool(structure_of(corpus).headings)


def find_unseen_headings(configs: Iterable[RunConfig], *, seen: bool) -> tuple[tuple[str, str], ...]:
    """Return a sentence where `header` was asked for and no document has a heading: it then cuts as plain text."""
    if seen or all(config.strategy != _BY_HEADINGS for config in configs):
        return ()
    return ((_BY_HEADINGS, "no document here has headings that header can see, so it cuts them as plain text"),)


def find_unused_rules(corpus: Corpus, configs: Iterable[RunConfig]) -> tuple[tuple[str, str], ...]:
    """Return each rule whose glob fits no document, and a sentence on it: it may be written wrong."""
    globs = dict.fromkeys(glob for config in configs for glob, _ in config.strategies)
    unused = [glob for glob in globs if not _fits_any(glob, corpus)]
    return tuple(("strategies", f"no document here fits {glob}, so this rule cuts nothing") for glob in unused)


def _fits_any(glob: str, corpus: Corpus) -> bool:
    patterns = NamePatterns((glob,), ())
    return any(patterns.admit(document.name) for document in corpus.documents)


def in_memory(corpus: Corpus, questions: Questions) -> tuple[Corpus, Questions]:
    """Return the documents whose texts are in memory, and the questions with their evidence at its places there."""
    if not isinstance(corpus, PartialCorpus):
        return corpus, questions
    moved = tuple(
        replace(each, evidence=tuple(replace(item, spans=_in_held(corpus, item.spans)) for item in each.evidence))
        for each in questions.questions
    )
    return corpus.held, replace(questions, questions=moved)


def _in_held(corpus: PartialCorpus, spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    held = corpus.spans_in_held(as_spans(list(spans))).tolist()
    return tuple((start, end) for start, end in held)


def _lost(corpus: Corpus, questions: Questions, kinds: tuple[str, ...]) -> str:
    """Say how many items lie in the blocks of these `kinds`, of the alternatives the one with the least of it there."""
    table = evidence_table(corpus, questions)
    blocks = structure_of(corpus).skipped_spans(kinds)
    starts, ends = union(corpus.non_whitespace_before(blocks.ravel()).reshape(-1, 2)).T
    sums = np.cumsum(ends - starts) - (ends - starts)
    begun, ended = (count_covered_before(starts, ends, sums, table.spans[:, side]) for side in (0, 1))
    shares = (ended - begun) / table.lengths
    of_items = np.minimum.reduceat(shares, np.flatnonzero(np.diff(table.item, prepend=-1)))
    lost = of_items > 0
    if not lost.any():
        return ""
    wholly, asked = int((of_items == 1).sum()), len(distinct(table.item_question[lost]))
    return (
        f"of {len(lost):,} pieces of evidence, {wholly:,} lie wholly and {lost.sum() - wholly:,} in part in what is left out, "
        f"in {asked:,} of {len(questions):,} questions; no chunk holds that text"
    )
