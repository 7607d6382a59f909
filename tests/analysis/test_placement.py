"""Texts that an application retrieved, placed in the documents, and scored as everything else is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, read_questions, score_retrievals
from rag_chunk.analysis.external import read_retrievals
from rag_chunk.analysis.external.placement import Placed, RetrievedText, TextPlacement
from rag_chunk.analysis.external.single_question import recall_of

DOCUMENTS = {
    "a/locks.md": "# Locks\n\nTurn left to lock the door. Pull to open it.\n\nTurn left to lock the door.\n",
    "b/lamps.md": "# Lamps\n\nThe lamp is green. It glows at night. Pull to open it.\n",
}
CORPUS = Corpus([Document(name, text) for name, text in DOCUMENTS.items()])
PLACEMENT = TextPlacement(CORPUS)
SENTENCES = ["Turn left to lock the door.", "Pull to open it.", "The lamp is green.", "It glows at night."]


def test_a_text_is_where_it_says_else_in_its_document_else_anywhere() -> None:
    pull = "Pull to open it."
    first, second = DOCUMENTS["a/locks.md"].index(pull), DOCUMENTS["b/lamps.md"].index(pull)
    assert PLACEMENT.find(RetrievedText(pull)) == Placed(0, first, first + 16)
    assert PLACEMENT.find(RetrievedText(pull, "b/lamps.md")) == Placed(1, second, second + 16)
    again = DOCUMENTS["a/locks.md"].rindex("Turn")
    assert PLACEMENT.find(RetrievedText(SENTENCES[0], "a/locks.md", (again, again + 27))) == Placed(
        0, again, again + 27
    )
    moved = PLACEMENT.find(RetrievedText(SENTENCES[0], "a/locks.md", (3, 30)))
    assert moved == PLACEMENT.find(RetrievedText(SENTENCES[0], "elsewhere.md"))
    assert PLACEMENT.find(RetrievedText("Turn  left to\nlock the door.")) == moved


def test_what_is_in_no_document_has_no_place() -> None:
    assert PLACEMENT.find(RetrievedText("Title: Locks. Turn left to lock")) is None
    assert PLACEMENT.find(RetrievedText("  \n")) is None
    recall = recall_of(PLACEMENT, [RetrievedText("nothing")], [[RetrievedText(SENTENCES[0])]], RunConfig())
    assert recall == (0.0, 1, 0)
    assert recall_of(PLACEMENT, [], [[RetrievedText("nothing")]], RunConfig()) is None


@given(
    st.lists(st.sampled_from(SENTENCES), min_size=1, unique=True),
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=2, unique=True),
    st.sampled_from([20, 40, 4000]),
)
def test_the_recall_of_one_question_is_what_score_gives(
    tmp_path_factory: pytest.TempPathFactory, retrieved: list[str], evidence: list[str], budget: int
) -> None:
    folder, config = tmp_path_factory.mktemp("scored"), RunConfig(budget=budget)
    places = [PLACEMENT.find(RetrievedText(text)) for text in retrieved]
    rows = [{"id": str(n), "document": CORPUS.documents[p.document].name, "start": p.start, "end": p.end}
            for n, p in enumerate(places) if p]  # fmt: skip
    write(folder / "chunks.jsonl", rows)
    write(folder / "ranked.jsonl", [{"id": "q", "chunks": [row["id"] for row in rows]}])
    asked = [{"id": "q", "question": "What?", "relevant": evidence}]
    (folder / "questions.json").write_text(json.dumps(asked))
    questions = read_questions(folder / "questions.json", CORPUS)
    runs = read_retrievals([folder / "chunks.jsonl"], [folder / "ranked.jsonl"], CORPUS, questions, config)
    scored = score_retrievals(CORPUS, runs, questions).report.configurations[0]
    expected = [[at(*span) for span in item.spans] for item in questions.questions[0].evidence]
    recall = recall_of(PLACEMENT, [RetrievedText(text) for text in retrieved], expected, config)
    assert recall is not None
    assert recall.recall == pytest.approx(scored.metrics["budget_recall"], abs=1e-12)


def at(start: int, end: int) -> RetrievedText:
    """Return the text of a stretch of the corpus' line, with its place."""
    document, first, last = CORPUS.place(start, end)
    return RetrievedText(document.text[first:last], document.name, (first, last))


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
