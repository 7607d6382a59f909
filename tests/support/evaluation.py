"""Random corpora, chunkings and questions, and the public data where it is at hand."""

import os
from pathlib import Path

import pytest
from hypothesis import strategies as st

from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document, read_corpus
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import units_of
from rag_chunk.questions import Evidence, Question, Questions
from tests.support.texts import texts

WORDS = (
    "İstanbul ",
    "fi ﬁne ",
    "ΣΑΣ ς ",
    "snake_case ",
    "全文検索 ",
    "カタカナー ",
    "สวัสดี ",
    "the the ",
    "3.14 ",
    "\n\n",
    "-",
    "ß",
    "espan\u0303ol ",
    "so\u00adfa\u00ad ",
    "か\u3099ﾊﾞ\ufe00",
    "ﬁ ㌢ ",
)
wordy = st.lists(st.sampled_from(WORDS), max_size=12).map("".join)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Draw one to three documents, some of which may be empty."""
    names = draw(st.lists(st.sampled_from(["a.md", "b.txt", "c.md"]), min_size=1, max_size=3, unique=True))
    return Corpus([Document(name, draw(wordy | texts.map(lambda text: text[:80]))) for name in names])


def stretches(corpus: Corpus) -> st.SearchStrategy[tuple[int, int]]:
    """Draw stretches inside one document that are not blank, cut anywhere."""
    lined = [
        (int(corpus.starts[index]) + start, int(corpus.starts[index]) + end)
        for index, document in enumerate(corpus.documents)
        for start in range(len(document.text))
        for end in (start + 1, start + 2, start + 5, start + 12, start + 40, len(document.text))
        if end <= len(document.text) and document.text[start:end].strip()
    ]
    return st.sampled_from(lined) if lined else st.nothing()


def chunking_of(corpus: Corpus, spans: list[tuple[int, int]], config: RunConfig | None = None) -> Chunking:
    """Return the chunking that has these spans, in order."""
    return Chunking(
        corpus, as_spans(sorted(spans)), units_of(corpus, (config or RunConfig()).unit, (config or RunConfig()).model)
    )


@st.composite
def chunkings(draw: st.DrawFn, corpus: Corpus) -> Chunking:
    """Draw chunks that may overlap, contain each other, or be equal."""
    found = stretches(corpus)
    return chunking_of(corpus, [] if found.is_empty else draw(st.lists(found, max_size=12)))


@st.composite
def questions_in(draw: st.DrawFn, corpus: Corpus) -> Questions:
    """Draw questions with overlapping items, unsorted, with alternatives."""
    items = st.lists(stretches(corpus), min_size=1, max_size=3).map(lambda spans: Evidence(tuple(spans)))
    evidence = draw(st.lists(st.lists(items, min_size=1, max_size=3), min_size=1, max_size=3))
    return questions_of(*(Question(f"q{number}", "the?", tuple(found)) for number, found in enumerate(evidence)))


def questions_of(*questions: Question) -> Questions:
    """Return questions as if they had been read."""
    return Questions("questions.json", "0" * 16, questions)


def public_data() -> tuple[Corpus, Path]:
    """Return the public corpora and their question file; skip where they are not at hand."""
    usual = Path(__file__).parents[3] / "shared" / "data" / "chroma-eval"
    folder = Path(os.environ.get("RAG_CHUNK_DATA", usual))
    if not (folder / "questions.csv").exists():
        pytest.skip(f"the public data is not in {folder}; RAG_CHUNK_DATA names another folder")
    return read_corpus(
        folder, include=["chatlogs.md", "state_of_the_union.md", "wikitexts.md"]
    ), folder / "questions.csv"
