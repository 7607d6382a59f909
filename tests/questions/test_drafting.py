"""Drafts of a model: from passages that no chunking favours, with evidence that the documents hold, through filters."""

import itertools
import json
import re
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk import read_corpus
from rag_chunk.config import yaml_text
from rag_chunk.config.drafting import FILTERS, QUESTION_KINDS, DraftingConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Page
from rag_chunk.questions import check_questions
from rag_chunk.questions.drafting import (
    DraftContext,
    Drafting,
    ModelAsker,
    PassageSampler,
    draft_file,
    draft_questions,
)
from rag_chunk.questions.drafting.drafter import AT_ONCE
from rag_chunk.questions.drafting.model_asker import NoMoreAnswers
from rag_chunk.questions.drafting.parallel_calls import run_at_once
from rag_chunk.questions.drafting.prompts import DraftReply
from rag_chunk.questions.drafts import drafts
from rag_chunk.questions.folding import fold
from tests.support.chat_server import Asked, Model, PlayedAnswer, Reply, honest, repeating

FOODS = "apple bread cheese danish eggplant fennel grapes hazelnut icing jelly kale lemon".split()
EXAMPLES = Path(__file__).parents[2] / "examples"
DOORS = Corpus([
    Document(
        "doors.md",
        "# Doors\n\nTurn the brass key left to lock the entrance. The gate opens at 07:00 on weekdays only.\n\n"
        "| door | opens |\n| --- | --- |\n| northern gate | half past eight |\n| southern gate | nine sharp |\n\n"
        "```python\nalarm.disable(code='1234')\n```\n\n- Call the porter before midnight.\n- Never prop windows open.\n",
    ),
    Document("keys.txt", "Lost keys are replaced within three days. Every replacement costs twenty euros today.\n"),
])  # fmt: skip
DOOR = Corpus(DOORS.documents[:1])


def context(corpus: Corpus, model: Model, **settings: object) -> DraftContext:
    def ask(messages, schema):
        reply = model(Asked(messages[-1]["content"]))
        return PlayedAnswer(reply if isinstance(reply, str) else json.dumps(reply))

    config = DraftingConfig.model_validate({"model": "m", **settings})
    return DraftContext(corpus, config, PassageSampler(corpus, 0), ModelAsker(ask, lambda _: 1))


def draft(corpus: Corpus, model: Model, at_once: int = AT_ONCE, **settings: object) -> Drafting:
    return draft_questions(context(corpus, model, **settings), lambda *_: None, at_once)


@pytest.fixture(scope="module")
def examples() -> Corpus:
    return read_corpus(EXAMPLES, skip_unreadable=True)


# Passages


def test_passages_are_spread_over_documents_by_size_and_over_levels_of_headings(examples):
    drawn = list(itertools.islice(PassageSampler(examples, 0).draw(QUESTION_KINDS["fact"]), 100))
    counts = Counter(passage.document.name for (passage,) in drawn)
    total = sum(len(document.text) for document in examples.documents)
    for document in examples.documents:
        assert abs(counts[document.name] - 100 * len(document.text) / total) < 4, document.name
    assert {len(passage.headings) for (passage,) in drawn} >= {1, 2, 3}


@pytest.mark.parametrize("kind", ["table", "code", "number", "how-to"])
def test_a_kind_is_asked_where_there_is_text_of_its_blocks(examples, kind):
    sampler, row = PassageSampler(examples, 0), QUESTION_KINDS[kind]
    for (passage,) in itertools.islice(sampler.draw(row), 20):
        assert passage.text == examples.text(passage.start, passage.end)
        places = [found.start() for found in re.finditer(re.escape(passage.focus), passage.text)]
        assert {sampler.kind_at(passage.start + place) for place in places} & set(row.blocks)
        assert kind != "number" or any(map(str.isdecimal, passage.text))


def test_two_passages_are_apart_and_in_as_many_documents_as_the_kind_says(examples):
    for one, other in itertools.islice(PassageSampler(examples, 0).draw(QUESTION_KINDS["two-passages"]), 20):
        assert one.document == other.document
        assert one.end <= other.start or other.end <= one.start
    for one, other in itertools.islice(PassageSampler(examples, 0).draw(QUESTION_KINDS["two-documents"]), 20):
        assert one.document != other.document


def test_passages_depend_on_the_seed_alone(examples):
    def first(seed: int) -> list[tuple[int, int]]:
        drawn = itertools.islice(PassageSampler(examples, seed).draw(QUESTION_KINDS["fact"]), 10)
        return [(passage.start, passage.end) for (passage,) in drawn]

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_borders_of_passages_fall_on_no_border_of_sections_more_often_than_their_number_says(examples):
    starts = {passage.start for (passage,) in PassageSampler(examples, 0).draw(QUESTION_KINDS["fact"])}
    sentences = set(PassageSampler(examples, 0).unit_starts.tolist())
    texts = examples.texts(np.array([[start, start + 1] for start in sorted(sentences)]))
    headings = {start for start, text in zip(sorted(sentences), texts, strict=True) if text == "#"}
    assert len(starts & headings) / len(starts) < 2.5 * len(headings) / len(sentences)


# Evidence


def test_what_is_kept_is_quoted_and_written_as_a_question_file_that_can_be_read(examples, folder):
    drafting = draft(examples, honest, count=20)
    assert len(drafting.questions) == 20
    kinds = Counter(each.kind.name for each in drafting.questions)
    assert all(abs(kinds[row.name] - 20 * row.share / 100) <= 1 for row in QUESTION_KINDS.values())
    Path("q.yaml").write_text(draft_file(drafting, DraftingConfig(model="m"), examples), encoding="utf-8")
    check = check_questions("q.yaml", examples)
    assert check.of("error") == []
    assert [finding.kind for finding in check.of("note")] == ["unreviewed"]
    assert check.summary["given by their places"] == check.summary["items of evidence"] >= 20
    first = yaml_text.load(Path("q.yaml").read_text(encoding="utf-8"))["questions"][0]
    name = first["evidence"][0]["doc"]
    digest = next(document.digest for document in examples.documents if document.name == name)
    assert first["reviewed"] is False
    assert first["drafted"] == {
        "model": "m",
        "date": "2026-01-01",
        "documents": {name: digest},
        "passed": "quoted, evidence, kind, overlap, duplicate, pointing, language, round-trip",
    }


WORDS = st.sampled_from("Lock the key, “Key” LOCK 42 straße Straße é e\u0301 \n \n\n # - | `x` . ? 日本 語".split(" "))
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
WITHOUT = tuple(FILTERS)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.data())
def test_a_draft_that_no_text_supports_gets_into_no_file(texts, data):
    """Whatever a model quotes: what is kept is in a passage that it saw, word for word but for what folding makes alike."""
    corpus = Corpus([Document(f"{number}.md", text) for number, text in enumerate(texts)])
    quoted: dict[str, tuple[list[str], list[str]]] = {}

    def model(asked: Asked) -> Reply:
        source = data.draw(st.sampled_from([*asked.passages, *texts]))
        start = data.draw(st.integers(0, max(len(source) - 1, 0)))
        cut = source[start : start + data.draw(st.integers(1, 30))]
        changed = [cut, cut.upper(), cut.replace("e", "x"), f"{cut} not", cut.replace("42", "43"), ""]
        quotes = data.draw(st.lists(st.sampled_from(changed), max_size=2))
        question = f"Question {len(quoted)}?"
        quoted[question] = quotes, asked.passages
        return {"question": question, "quotes": quotes}

    drafting = draft(corpus, model, at_once=1, count=5, without=",".join(WITHOUT), kinds="fact,two-documents")
    if drafting.questions:
        written = yaml_text.load(draft_file(drafting, DraftingConfig(model="m"), corpus))["questions"]
        documents = {document.name: document.text for document in corpus.documents}
        for question in written:
            quotes, passages = quoted[question["question"]]
            items = [item if isinstance(item, list) else [item] for item in question["evidence"]]
            assert items
            assert all(quote.strip() for quote in quotes)
            folded = [fold(quote).text.strip() for quote in quotes]
            for span in itertools.chain(*items):
                assert documents[span["doc"]][span["start"] : span["end"]] == span["text"]
                assert fold(span["text"]).text.strip() in folded
            for item in items:
                assert any(item[0]["text"] in passage for passage in passages)
            for quote in folded:
                assert any(quote in fold(passage).text for passage in passages)
    unsupported = [question for question, (quotes, _) in quoted.items() if not any(map(str.strip, quotes))]
    assert not {each.question.question for each in drafting.questions} & set(unsupported)


@pytest.mark.parametrize(
    "quote", ["Turn the brass key right to lock the entrance.", "The gate opens at 08:00 on weekdays only."]
)
def test_a_quote_that_was_changed_by_a_word_or_a_number_is_no_evidence(quote):
    drafting = draft(DOORS, lambda _: {"question": "How is it locked?", "quotes": [quote]}, kinds="fact")
    assert (drafting.questions, set(drafting.dropped)) == ((), {"unsupported"})


def test_one_wrong_quote_drops_the_draft_however_right_the_others_are():
    quotes = ["Turn the brass key left to lock the entrance.", "Then push the door."]
    drafting = draft(DOORS, lambda _: {"question": "How is it locked?", "quotes": quotes}, kinds="fact")
    assert (drafting.questions, set(drafting.dropped)) == ((), {"unsupported"})


def test_two_passages_both_have_to_be_quoted():
    def one_sided(asked: Asked) -> Reply:
        return {"question": "What is known?", "quotes": [asked.passages[0].splitlines()[0]]}

    drafting = draft(DOORS, one_sided, kinds="two-documents", without=",".join(WITHOUT))
    assert (drafting.questions, set(drafting.dropped)) == ((), {"unsupported"})


def test_text_that_is_quoted_twice_is_evidence_once_and_all_its_places_count():
    text = "The gate opens at seven o'clock. It is painted green all over."
    corpus = Corpus([Document("a.txt", text), Document("b.txt", text)])
    quotes = ["The gate opens at seven o'clock.", "The gate opens", "the gate OPENS at seven o’clock."]
    drafting = draft(corpus, lambda _: {"question": "When?", "quotes": quotes}, without=",".join(WITHOUT), count=1)
    (item,) = drafting.questions[0].question.evidence
    assert [corpus.text(*span) for span in item.spans] == [text[:32], text[:32]]


# Filters


def always(question: str, quote: str, **replies: Reply) -> Model:
    """Return a model that drafts one question, and is honest unless `subject`, `evidence` or `around` say otherwise."""

    def model(asked: Asked) -> Reply:
        if asked.passages:
            return {"question": question, "quotes": [quote]}
        if asked.text is None:
            return replies.get("subject", {"subject": question, "is_clear": True})
        if asked.text == quote:
            return replies.get("evidence", {"is_answered": True, "quotes": [quote], "same_language": True})
        return replies.get("around", {"is_answered": False, "quotes": [], "same_language": True})

    return model


LOCK = "Turn the brass key left to lock the entrance."
ASK = "How do visitors close up at night?"
NO = {"is_answered": False, "quotes": [], "same_language": True}
CASES = {
    "evidence": (always(ASK, "07:00"), "fact"),
    "kind": (always("When can visitors come in?", "Call the porter before midnight."), "table"),
    "overlap": (always("How does one turn the brass key left?", LOCK), "fact"),
    "pointing": (always("What does this say?", LOCK, subject={"subject": "", "is_clear": False}), "fact"),
    "language": (always("Как закрыть входную дверь на ночь?", LOCK), "fact"),
    "round-trip": (always(ASK, LOCK, evidence=NO), "fact"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_filter_drops_what_it_is_for_and_can_be_switched_off(name):
    model, kind = CASES[name]
    drafting = draft(DOOR, model, kinds=kind, count=1)
    assert (drafting.questions, set(drafting.dropped)) == ((), {name})
    kept = draft(DOOR, model, kinds=kind, count=1, without=name)
    assert len(kept.questions) == 1


def test_what_passes_all_filters_is_kept():
    assert len(draft(DOOR, always(ASK, LOCK), kinds="fact", count=1).questions) == 1


@pytest.mark.parametrize("replies", [
    {"around": {"is_answered": True, "quotes": [], "same_language": True}},
    {"evidence": {"is_answered": True, "quotes": ["Turn it left."], "same_language": True}},
    {"evidence": {"is_answered": True, "quotes": [], "same_language": True}},
])  # fmt: skip
def test_the_round_trip_needs_quotes_of_the_evidence_and_no_answer_around_it(replies):
    drafting = draft(DOOR, always(ASK, LOCK, **replies), kinds="fact", count=1)
    assert (drafting.questions, set(drafting.dropped)) == ((), {"round-trip"})


def test_a_model_that_says_that_the_languages_differ_is_believed():
    other = {"is_answered": True, "quotes": [LOCK], "same_language": False}
    drafting = draft(DOOR, always("Wie schließt man abends ab?", LOCK, evidence=other), kinds="fact", count=1)
    assert set(drafting.dropped) == {"language"}


def test_the_text_around_the_evidence_is_shown_without_it_and_without_the_question_s_passage():
    shown = list[str]()

    def model(asked: Asked) -> Reply | str:
        shown.extend([asked.prompt] if asked.text and LOCK not in asked.text else [])
        return always(ASK, LOCK)(asked)

    draft(DOOR, model, kinds="fact", count=1)
    assert len(shown) == 1
    assert "brass" not in shown[0]
    assert "weekdays" in shown[0]


def test_a_question_is_judged_without_its_document_or_headings():
    shown = list[str]()

    def model(asked: Asked) -> Reply | str:
        shown.extend([asked.prompt] if not asked.passages and asked.text is None else [])
        return always(ASK, LOCK)(asked)

    draft(DOOR, model, kinds="fact", count=1)
    assert ASK in shown[0]
    assert "doors.md" not in shown[0]
    assert "Doors" not in shown[0]


def test_a_model_that_repeats_itself_has_one_draft_kept(examples):
    drafting = draft(examples, repeating, count=5, kinds="fact", without="pointing,round-trip,language,overlap")
    assert len(drafting.questions) == 1
    assert drafting.dropped["duplicate"] >= 4


def test_near_duplicates_are_told_by_vectors_where_there_are_some(examples):
    numbers = itertools.count()

    def model(asked: Asked) -> Reply:
        words = "alpha beta gamma delta epsilon zeta eta theta".split()
        number = next(numbers)
        return {"question": f"{words[number % 8]} {words[number // 8 % 8]}?", "quotes": [asked.passages[0][:60]]}

    apart = context(
        examples, model, count=4, kinds="fact", without="evidence,kind,overlap,pointing,language,round-trip"
    )
    assert len(draft_questions(apart, lambda *_: None).questions) == 4
    same = DraftContext(
        examples, apart.config, apart.sampler, apart.asker, lambda texts: np.ones((len(texts), 1), np.float64)
    )
    drafting = draft_questions(same, lambda *_: None)
    assert (len(drafting.questions), set(drafting.dropped) - {"unsupported"}) == (1, {"duplicate"})


def test_a_kind_without_passages_leaves_its_share_to_the_others():
    corpus = Corpus([Document("a.txt", "".join(f"Sentence {word} tells of {word}s. " for word in FOODS))])
    drafting = draft(corpus, honest, count=6, without="duplicate,overlap,round-trip")
    assert len(drafting.questions) == 6
    assert not {"table", "code", "two-documents"} & {each.kind.name for each in drafting.questions}


@pytest.mark.parametrize("reply", [
    "", "{", "null", "[]", '{"question": 1, "quotes": []}', '{"question": "x"}', '{"quotes": []}', '{"a": ' * 3000,
    '{"question": "half \\ud800?", "quotes": ["x"]}', json.dumps({"question": "x" * 301, "quotes": ["x"]}),
    json.dumps({"question": "a\x00b", "quotes": ["x"]}),
])  # fmt: skip
def test_an_answer_that_is_no_draft_is_counted_and_nothing_else_happens(reply):
    drafting = draft(DOOR, lambda _: reply, count=1, kinds="fact")
    assert (drafting.questions, set(drafting.dropped)) == ((), {"unreadable"})


@settings(max_examples=10)
@given(st.lists(st.sampled_from([*FOODS, "more", "none"]), min_size=1, max_size=30), st.integers(1, 9))
def test_answers_that_come_late_change_nothing(replies, at_once):
    """Drafts are kept in the order of their passages, however soon each is answered."""

    def model(slowness: int) -> Model:
        def answer(asked: Asked) -> Reply:
            word = replies[sum(map(ord, asked.passages[0])) % len(replies)]
            time.sleep(slowness * len(word) / 2000)
            return {"question": f"{word} {word}s?", "quotes": [asked.passages[0][:50]] if word != "none" else []}

        return answer

    text = "".join(f"Sentence {word} tells much of {word}s in few words. " for word in FOODS * 9)
    chosen = {"count": 9, "kinds": "fact", "without": "evidence,overlap,pointing,language,round-trip"}
    one, other = (draft(Corpus([Document("a.txt", text)]), model(slowness), at_once, **chosen) for slowness in (0, 1))
    assert (one.questions, one.asked, one.dropped, one.stop) == (
        other.questions,
        other.asked,
        other.dropped,
        other.stop,
    )


def test_drafts_are_asked_for_at_once_and_the_same_is_asked_once(examples):
    meeting, asked = threading.Barrier(AT_ONCE, timeout=20), Counter[str]()

    def model(question: Asked) -> Reply:
        asked[question.prompt] += 1
        if question.passages and asked.total() <= AT_ONCE:
            meeting.wait()
        return honest(question)

    drafting = draft(examples, model, count=AT_ONCE)
    assert len(drafting.questions) == AT_ONCE
    assert set(asked.values()) == {1}


def test_nothing_more_is_asked_where_one_answer_fails(examples):
    asked, both = list[str](), threading.Barrier(2, timeout=20)

    def model(question: Asked) -> Reply:
        asked.append(question.prompt)
        if len(asked) == 2:
            both.wait()
            raise OSError("the server died")
        if len(asked) == 1:
            both.wait()
        return honest(question)

    asking = context(examples, model, count=2, kinds="fact")
    with pytest.raises(OSError, match="died"):
        draft_questions(asking, lambda *_: None, 2)
    with pytest.raises(NoMoreAnswers):
        asking.asker.ask(DraftReply, [{"content": "more"}])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 120))
def test_requests_at_once_never_take_more_tokens_than_they_may(sizes, most):
    """The largest that an answer may take is 50 here; what is under way counts until it is known."""
    used = list[int]()

    def ask(messages, _):
        used.append(int(messages[0]["content"].partition(" ")[0]))
        return PlayedAnswer("{}", tokens=used[-1])

    asker = ModelAsker(ask, lambda _: 50, most)
    refused = run_at_once([partial(_is_refused, asker, f"{size} of {number}") for number, size in enumerate(sizes)])
    assert sum(used) == asker.tokens <= most
    assert asker.tokens + 50 > most if any(refused) else len(used) == len(sizes)


def _is_refused(asker: ModelAsker, text: str) -> bool:
    try:
        asker.ask(DraftReply, [{"content": text}])
    except NoMoreAnswers:
        return True
    return False


def test_a_model_may_find_no_question():
    drafting = draft(DOOR, lambda _: {"question": " ", "quotes": []}, count=1, kinds="fact")
    assert (drafting.questions, set(drafting.dropped)) == ((), {"declined"})


def test_an_empty_corpus_has_no_passages():
    assert draft(Corpus([Document("a.md", "")]), honest).asked == 0
    assert draft(Corpus([]), honest).asked == 0


# Without a model


def test_drafts_without_a_model_come_from_headings_definitions_tables_and_code():
    text = (
        "# Locks\n\nA lock keeps a door shut while nobody is there.\n\n- **Latch**: a part that slides into the frame.\n"
        "- `bolt` - a bar that is pushed across by hand.\n\nA deadbolt is a lock that has no spring at all.\n\n"
        "| door | opens at | closes at |\n| --- | --- | --- |\n| north gate | 07:00 | 19:00 |\n| south gate | 08:30 | 20:30 |\n\n"
        "```python\ndef open_gate(name: str, hour: int) -> bool:\n    return True\n```\n"
    )
    drawn = {(draft.kind, draft.question, draft.phrase) for draft in drafts(Corpus([Document("a.md", text)]))}
    assert drawn == {
        ("heading", "What is said about Locks?", "A lock keeps a door shut while nobody is there."),
        ("definition", "What is Latch?", "- **Latch**: a part that slides into the frame."),
        ("definition", "What is bolt?", "- `bolt` - a bar that is pushed across by hand."),
        ("definition", "What is deadbolt?", "A deadbolt is a lock that has no spring at all."),
        ("table", "What is the opens at of north gate?", "| north gate | 07:00 | 19:00 |"),
        ("table", "What is the closes at of south gate?", "| south gate | 08:30 | 20:30 |"),
        ("code", "How is open_gate defined?", "def open_gate(name: str, hour: int) -> bool:"),
    }


PAGES = (
    (
        "Doors Ltd.\nLate closing\nThe night porter of the house closes the doors later than the others, and opens them at seven in the\nmorning.\n"
        "Keys\nWe are a party to many contracts about doors, and a lock is one thing of them, as the law\nwants it. "
        "Master key means the one key that opens every door of the house, and that nobody lends to\nanybody.\n1"
    ),
    (
        "Doors Ltd.\nSales of locks increased by 12 % in the north, since the old ones of most houses had rusted. "
        "Not only was\nthat good for us. For locks, this is the best year.\nYes ☐ No ☒ Mark the box if the house is a member of the guild.\n"
        "Net sales of locks $ 3,226.8 $ 2,729.4 (4.8%)\nDated as of: July 12, 2022\n2"
    ),
    "Doors Ltd.\nThe guild gave a warning about rusted hinges in houses near the harbour.\nOther 12 14\n3",
)


def test_drafts_of_pages_come_from_title_lines_definitions_numbers_and_rows():
    text, starts = "\n\n".join(PAGES), [0, len(PAGES[0]) + 2, len(PAGES[0]) + len(PAGES[1]) + 4]
    pages = tuple(Page(start, str(number)) for number, start in enumerate(starts, 1))
    drawn = {(draft.kind, draft.question, draft.phrase) for draft in drafts(Corpus([Document("a.pdf", text, pages)]))}
    porter = (
        "The night porter of the house closes the doors later than the others, and opens them at seven in the morning."
    )
    key = "Master key means the one key that opens every door of the house, and that nobody lends to anybody."
    sales = "Sales of locks increased by 12 % in the north, since the old ones of most houses had rusted."
    assert drawn >= {
        ("heading", "What is said about Late closing?", porter),
        ("definition", "What is Master key?", key),
        ("number", "How much did Sales of locks change?", sales),
        ("table", "What are the figures for Net sales of locks?", "Net sales of locks $ 3,226.8 $ 2,729.4 (4.8%)"),
    }
    assert [phrase for kind, _, phrase in drawn if kind == "sentence" and phrase not in {porter, key, sales}] == [
        "The guild gave a warning about rusted hinges in houses near the harbour."
    ]
    assert {kind for kind, *_ in drawn} == {"heading", "definition", "number", "table", "sentence"}
    assert not any(word in question for _, question, _ in drawn for word in ("We", "Not only", "Dated", "Other", "Yes"))


def test_no_draft_without_a_model_has_a_phrase_in_more_than_five_places():
    notice = "A copy of this notice hangs beside every door of the house."
    files = [Document(f"{number}.md", f"# Door {number}\n\n{notice}\n") for number in range(6)]
    assert drafts(Corpus(files)) == []
    assert {draft.phrase for draft in drafts(Corpus(files[:5]))} == {notice}


def test_few_drafts_without_a_model_are_of_all_kinds_there_are(examples):
    assert {draft.kind for draft in drafts(examples, 60)} == {"heading", "sentence", "definition", "table", "code"}
