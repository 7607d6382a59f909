"""Evidence that another extractor wrote is located: aligned by letters and digits, line by line."""

import json

import pytest

from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Page
from rag_chunk.errors import InputError
from rag_chunk.questions import Questions, check_questions, read_questions
from rag_chunk.questions.differences import describe_difference
from rag_chunk.questions.search import pages_around

HEADING = "CONSOLIDATED STATEMENTS OF INCOME\n\n"
TABLE = """Net revenue                    118,573      94,665
Cost of sales                  111,934      88,265
Research and development        22,620      16,085
Deferred tax                       346          90"""
PROSE = """The pump is checked every spring by the plant's own
mechanics, who write what they see into the blue book,
and sign it before the valves are opened in April."""
DOCUMENT = f"{HEADING}{TABLE}\n\n{PROSE}\n\nThe pump was replaced in 1998, and again in 2011.\n"


def paged(name: str, *pages: str) -> Document:
    starts = [sum(len(page) + 2 for page in pages[:number]) for number in range(len(pages))]
    labels = (Page(start, f"p{number}") for number, start in enumerate(starts, 1))
    return Document(name, "\n\n".join(pages), pages=tuple(labels))


@pytest.fixture
def located(tmp_path):
    """Return a function that locates one passage in a text, and returns the stretches and the questions."""

    def locate(phrase, text=DOCUMENT, **fields) -> tuple[list[str], Questions]:
        corpus = Corpus([text if isinstance(text, Document) else Document("a.txt", text)])
        file = tmp_path / "q.json"
        file.write_text(json.dumps([{"question": "How?", "evidence": [{"text": phrase, **fields}]}]))
        questions = read_questions(file, corpus)
        return [corpus.text(*item.spans[0]) for item in questions.questions[0].evidence], questions

    return locate


FURNITURE = "\nACME HOLDINGS, INC.\n\n57\n\n"
BETWEEN = DOCUMENT.replace("\nResearch", f"{FURNITURE}\nResearch")
LINES = TABLE.split("\n")
LOCATED = {
    "spaces lost between numbers": (TABLE.replace("      ", ""), DOCUMENT),
    "no spaces": (TABLE.replace(" ", ""), DOCUMENT),
    "a running head and a page number between": (TABLE, BETWEEN),
    "lines swapped": ("\n".join([LINES[0], LINES[2], LINES[1], LINES[3]]), DOCUMENT),
    "a word missing": (PROSE.replace("own", ""), DOCUMENT),
    "letters wrong": (PROSE.replace("mechanics", "mechanlcs").replace("valves", "valvcs"), DOCUMENT),
    "a table of Markdown": ("\n".join(f"| {line} |" for line in LINES), DOCUMENT),
    "furniture of its own": (f"Table of Contents\n{PROSE}\n57", DOCUMENT),
}


@pytest.mark.parametrize(("phrase", "text"), LOCATED.values(), ids=LOCATED)
def test_a_passage_is_located_whatever_its_extractor_did_to_it(phrase, text, located):
    (stretch,), questions = located(phrase, text)
    first = TABLE if "118,573" in phrase else PROSE
    assert stretch.removesuffix(".") == (text[text.index("Net") : text.index(LINES[-1]) + len(LINES[-1])] if first is TABLE else PROSE).removesuffix(".")  # fmt: skip
    assert questions.questions[0].evidence[0].step in {"letters", "similar"}


@pytest.mark.parametrize(
    "change",
    [
        ("118,573", "118,578"),
        ("346", "3,46"),
        ("90", "900"),
        ("22,620", "22,820"),
        ("111,934", ""),
        ("16,085", "16,085 1"),
        ("22,620", "-22,620"),
    ],
)
@pytest.mark.parametrize("text", [DOCUMENT, BETWEEN], ids=["plain", "with furniture"])
def test_a_passage_with_another_number_is_refused(change, text, located):
    if change == ("346", "3,46"):  # the same digits, joined: extractors write them so
        assert located(TABLE.replace(*change), text)
        return
    with pytest.raises(InputError, match="is in no document"):
        located(TABLE.replace(*change), text)


@pytest.mark.parametrize(("said", "there"), [("22,620", "-22,620"), ("\u221222,620", "22,620")])
def test_a_number_without_the_minus_of_the_other_is_another_number(said, there, located):
    assert located(TABLE.replace("22,620", "-22,620"), DOCUMENT.replace("22,620", "\u221222,620"))
    with pytest.raises(InputError, match="is in no document"):
        located(TABLE.replace("22,620", said), DOCUMENT.replace("22,620", there))


def test_a_number_is_not_taken_from_a_sentence_of_the_same_form_far_away(located):
    effect = "an effect of lower freight costs in region"
    rows = [f"Item {n} was ${n}17 million in fiscal 20{n}, from ${n}05 million," for n in range(11, 17)]
    between = [f"Nothing of it is told in the {word} of the plant." for word in "abcdefghijklmnop"]
    text = "\n".join([f"{effect} 53.", *between, *rows, f"{effect} 54."])
    passage = " ".join([*rows, effect])
    assert located("\n".join(f"{passage} 54.".split()), text)
    with pytest.raises(InputError, match="is in no document"):
        located("\n".join(f"{passage} 53.".split()), text)


def test_a_short_last_line_is_not_taken_from_far_away(located):
    rows = [f"Item {n} was ${n}17 million in fiscal 20{n}, from ${n}05 million and more," for n in range(11, 17)]
    between = [f"Nothing of it is told in the {word} of the plant." for word in "abcdefghijklmnopqrstuvwxyz"]
    text = "\n".join(["region 387.", *between, *rows, "region 287."])
    passage = "\n".join(["Table of Contents", *rows])
    assert located(f"{passage}\nregion 287.\n181", text)
    with pytest.raises(InputError, match="is in no document"):
        located(f"{passage}\nregion 387.\n181", text)


def test_the_message_names_the_numbers_that_differ(located):
    with pytest.raises(InputError, match="numbers differ: the questions say 1997, the document says 1998"):
        located("The pump was replaced in 1997, and again in 2011.")


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("a red door opens", "a blue door opens", "the questions say 'red', the document says 'blue'"),
        (
            "a door opens at night",
            "a door that squeaks opens at night",
            "the questions say nothing, the document says 'that squeaks'",
        ),
        ("A very red door opens", "a red door opens", "the questions say 'very', the document says nothing"),
        ("a red oak door opens", "A blue door opens", "the questions say 'red oak', the document says 'blue'"),
        ("a red door opens", "here. a blue door opens", "the questions say 'red', the document says 'blue'"),
    ],
)
def test_the_message_names_the_first_words_that_differ(phrase, text, said):
    assert describe_difference(phrase, text) == f"; the first difference: {said}"


@pytest.mark.parametrize(
    ("phrase", "text"),
    [("A  Door", "a door"), ("a door", "nothing of it"), ("a door", " "), ("the door opens", "the door opens once")],
)
def test_no_difference_is_named_where_there_is_none_or_all_differs(phrase, text):
    assert describe_difference(phrase, text) == ""


def test_borders_stay_in_their_paragraph(located):
    (stretch,), _ = located("Some words that are not in it.\n" + PROSE.replace("plant's", "plants"))
    assert stretch.removesuffix(".") == PROSE.removesuffix(".")


def test_the_share_of_what_is_there_is_kept_and_told(located):
    (_,), questions = located(PROSE + "\nand closed in the autumn after harvest", DOCUMENT)
    share = questions.questions[0].evidence[0].share
    assert 0.7 < share < 0.85
    assert f"only {100 * share:.0f} % of it is there" in questions.warnings[0]


def test_parts_that_lie_apart_are_items_of_their_own(tmp_path):
    filler = "\n\n".join(f"Chapter {number} tells of other things, such as weather and wine." for number in range(9))
    text = DOCUMENT.replace("\nResearch", f"\n\n{filler}\n\nResearch")
    corpus = Corpus([Document("a.txt", text)])
    file = tmp_path / "q.json"
    file.write_text(json.dumps([{"question": "How?", "evidence": [{"text": TABLE}, {"text": "pump was replaced"}]}]))
    stretches = [corpus.text(*item.spans[0]) for item in read_questions(file, corpus).questions[0].evidence]
    assert stretches == ["\n".join(LINES[:2]), "\n".join(LINES[2:]), "pump was replaced"]
    fixed = json.loads(check_questions(file, corpus).to_json_with_spans())["questions"][0]["evidence"]
    assert [item["text"] for item in fixed] == stretches


def test_evidence_is_looked_for_on_its_page_and_its_neighbours_first(located):
    document = paged("a.pdf", *(f"Page of {name}.\nThe total is 57 million." for name in ("one", "two", "three", "four", "five")))  # fmt: skip
    for page in ("p4", 4):
        _, questions = located("The total is 57 million.", document, page=page)
        spans = questions.questions[0].evidence[0].spans
        assert [document.text[:start].count("Page of") for start, _ in spans] == [3, 4, 5]
    _, questions = located("The total is 57 million.", document, page=40)
    assert len(questions.questions[0].evidence[0].spans) == 5


def test_pages_are_named_by_label_or_number():
    document = paged("a.pdf", "one", "two", "three", "four")
    assert pages_around(document, "p1") == (0, 10)
    assert pages_around(document, 4) == (10, len(document.text))
    assert pages_around(document, "xi") is None
    assert pages_around(Document("a.md", "x"), 1) is None


def test_a_page_that_is_neither_number_nor_label_is_refused(located):
    with pytest.raises(InputError, match="needs a number or a label for page"):
        located("The pump", page=[3])
