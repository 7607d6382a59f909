"""Evidence is located in shards as it is in one corpus."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Questions, evidence_documents, read_questions
from rag_chunk.questions.evidence_documents import read_wanted
from rag_chunk.questions.sharded_evidence import outline_shards
from tests.support.shards import HeldShard

WORDS = "the clock was carried up to a room with number 7 by three Porters, Nobody paid. for-this çafé".split(" ")
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=6, max_size=40).map(" ".join)

CHANGES: list[Callable[[str], str]] = [
    str,
    str.upper,
    lambda text: text.replace("o", "0", 1),
    lambda text: text[::-1],
]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Document], list[Any]]:
    """Draw documents, and evidence: exact, in other letters, with a fault, of a named document, or in none."""
    documents = [
        Document(f"{number}.md", text) for number, text in enumerate(draw(st.lists(SENTENCES, min_size=2, max_size=5)))
    ]
    phrases = []
    for _ in range(draw(st.integers(1, 4))):
        document = draw(st.sampled_from(documents))
        start = draw(st.integers(0, len(document.text) - 5))
        text = document.text[start : start + draw(st.sampled_from([6, 25, 60]))].strip() or "clock"
        change = draw(st.sampled_from(CHANGES))
        named = draw(st.sampled_from([{}, {}, {"doc": document.name}, {"doc": document.name[:-3]}]))
        phrases.append({"text": change(text), **named})
    return documents, phrases


def located(path: Path, corpus: Corpus) -> tuple[Any, ...]:
    questions: Questions = read_questions(path, corpus, missing="warn")
    return (
        questions.digest,
        questions.questions,
        questions.without_evidence,
        questions.matched,
        [entry.name for entry in questions.skipped],
        questions.warnings,
        questions.left_out,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked") / "questions.json"


@given(cases(), st.lists(st.integers(0, 3), min_size=5, max_size=5), st.sampled_from([0, 3]))
def test_evidence_is_where_it_is_in_one_corpus(path: Path, case: Any, shares: list[int], few: int) -> None:
    documents, phrases = case
    sure = {"text": documents[0].text, "doc": documents[0].name}
    asked = [{"question": "What?", "evidence": [phrase]} for phrase in (sure, *phrases)]
    path.write_text(json.dumps({"questions": asked}))
    parts = [[each for each, own in zip(documents, shares, strict=False) if own == share] for share in {*shares}]
    shards = [HeldShard(Corpus(part)) for part in parts if part]
    with mock.patch.object(evidence_documents, "_FEW", few):
        outlined = outline_shards(shards, read_wanted(path)).corpus.line
    assert located(path, outlined) == located(path, Corpus(documents))


@pytest.mark.parametrize(
    ("phrase", "passes"),
    [
        ("a clock that was carried up to room 7", 1),
        ("A CLOCK that was carried up to room 7", 2),
        ("a clock thatt was carried up to room 7", 2),
        ("had a clxck that wxs carriexd up to rxom", 3),  # no piece of it is whole
        ("a porter whom nobody has ever paid a penny", 3),
    ],
)
def test_documents_are_gone_through_as_often_as_a_phrase_needs_it(path: Path, phrase: str, passes: int) -> None:
    texts = ["One porter had a clock that was carried up to room 7 on a Monday.", *["Nothing of it is here."] * 4]
    documents = [Document(f"{number}.md", text) for number, text in enumerate(texts)]
    sure = {"text": texts[4], "doc": "4.md"}
    path.write_text(json.dumps([{"question": "What?", "evidence": [each]} for each in (sure, {"text": phrase})]))
    said = list[str]()

    def run(function: Callable[[Any], Any], tasks: Iterable[Any]) -> list[Any]:
        listed = list(tasks)
        said.append(listed[0].purpose)
        return [function(task) for task in listed]

    shards = [HeldShard(Corpus(documents[:3])), HeldShard(Corpus(documents[3:]))]
    with mock.patch.object(evidence_documents, "_FEW", 0):  # no text is held for a message alone
        outlined = outline_shards(shards, read_wanted(path), run).corpus.line
    assert len(said) == len(set(said)) == passes
    assert located(path, outlined) == located(path, Corpus(documents))
