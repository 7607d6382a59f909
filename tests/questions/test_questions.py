"""Question files: every format, every way to locate evidence, and every problem said at once."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError
from rag_chunk.questions import Evidence, Questions, question_to_dict, read_questions
from rag_chunk.questions.borders import is_whole
from rag_chunk.questions.folding import fold, fold_text, letters, numbers
from rag_chunk.questions.search import TextSearch
from tests.support.evaluation import corpora, public_data, stretches
from tests.support.texts import texts

GUIDE = "# Keys\n\nTurn the key left to lock.\r\nThe fee was cut from $32 to $8 in 2024 — “a relief”.\n\nTurn back.\n"
NOTES = "Straße und ﬁnale Fußnote. İstanbul’s cafe\u0301 opens at 8:00. Turn the key left to lock.\n"
CORPUS = Corpus([Document("guide.md", GUIDE), Document("sub/notes.txt", NOTES)])


@pytest.fixture
def read(tmp_path):
    """Return a function that reads questions from a text, or from a value written as JSON."""

    def reading(content, corpus=CORPUS, **options) -> Questions:
        file = tmp_path / "questions"
        file.write_bytes(
            (content if isinstance(content, str) else json.dumps(content)).encode("utf-8", "surrogatepass")
        )
        return read_questions(file, corpus, **options)

    return reading


@pytest.fixture
def refused(read):
    """Return a function that reads questions and returns what is said against them."""

    def refusing(content, corpus=CORPUS) -> str:
        with pytest.raises(InputError) as caught:
            read(content, corpus)
        return str(caught.value)

    return refusing


def texts_of(questions: Questions, corpus: Corpus = CORPUS) -> list[list[list[str]]]:
    return [[[corpus.text(*span) for span in item.spans] for item in found.evidence] for found in questions.questions]


def one(**fields):
    return [{"question": "How?", **fields}]


FORMATS = {
    "JSON list": '[{"question": "How?", "relevant": ["Turn the key left"], "tags": ["a", "b"]}]',
    "JSON object": '{"version": 1, "questions": [\n{"question": "How?", "relevant": "Turn the key left", "tags": ["a", "b"]}]}',
    "JSONL": '\n{"question": "How?", "relevant": ["Turn the key left"], "tags": ["a", "b"]}\n',
    "YAML list": "- question: How?\n  relevant: [Turn the key left]\n  tags: [a, b]\n",
    "YAML object": "# mine\nquestions:\n  - question: How?\n    relevant:\n      - Turn the key left\n    tags: [a, b]\n",
    "CSV": 'Question,relevant,tags\nHow?,Turn the key left,"a, b"\n',
    "CSV of lists": 'question;relevant;tags\r\nHow?;"[""Turn the key left""]";"[""a"", ""b""]"\r\n',
    "CSV with the line ends of old Macs": "question,relevant,tags\rHow?,Turn the key left,a;b\r",
    "with a byte-order mark": '\ufeff[{"question": "How?", "relevant": ["Turn the key left"], "tags": ["a", "b"]}]',
}


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_each_format_is_told_by_its_content(content, read):
    found = read(content)
    assert [(question.id, question.question, question.tags) for question in found.questions] == [
        ("q1", "How?", ("a", "b"))
    ]
    assert texts_of(found) == [[["Turn the key left"] * 2]]
    assert found.matched == {"exact": 1}
    assert not found.skipped


def test_the_papers_rows_are_read_as_they_are(read):
    row = (
        'question,references,corpus_id\nHow?,"[{""content"": ""Turn"", ""start_index"": 8, ""end_index"": 12}]",guide\n'
    )
    found = read(row)
    assert [item.spans for item in found.questions[0].evidence] == [((8, 12),)]
    assert found.matched == {"span": 1}


def test_all_questions_of_the_public_data_are_located_as_given():
    corpus, file = public_data()
    found = read_questions(file, corpus)
    assert len(found) == 276
    assert list(found.matched) == ["span"]
    assert not found.warnings


def test_a_document_that_is_not_there_is_said_once_with_its_questions(refused, read):
    rows = [
        f'How {number}?,"[{{""content"": ""x"", ""start_index"": 0, ""end_index"": 1}}]",giude' for number in range(9)
    ]
    reference = '"[{""content"": ""Turn"", ""start_index"": 8, ""end_index"": 12}]"'
    content = "\n".join(["question,references,corpus_id", *rows, f"Last?,{reference},guide"])
    said = refused(content)
    assert "the document 'giude' is not in the corpus (did you mean 'guide.md'?)" in said
    assert "9 questions need it: question q1 (line 2) to question q9 (line 10)" in said
    assert "1 problem " in said
    found = read(content, missing="warn")
    assert (found.ids, len(found.without_evidence), len(found.skipped)) == (["q10"], 9, 1)


def test_spans_stand_for_themselves_without_white_space_at_their_edges(read):
    found = read(
        one(evidence=[{"doc": "guide.md", "start": 6, "end": 13}, {"doc": "sub/notes.txt", "start": 0, "end": 6}])
    )
    assert texts_of(found) == [[["Turn"], ["Straße"]]]
    assert found.matched == {"span": 2}


@pytest.mark.parametrize("name", ["sub/notes.txt", "sub/notes", "./sub/notes.txt", "sub\\notes.txt"])
def test_a_document_is_named_as_it_is_or_without_its_ending(name, read):
    assert texts_of(read(one(evidence=[{"doc": name, "start": 0, "end": 6}]))) == [[["Straße"]]]


def test_a_name_that_fits_several_documents_is_refused(refused):
    corpus = Corpus([Document("a.md", "one"), Document("a.txt", "two")])
    assert "'a' could be a.md, a.txt" in refused(one(evidence=[{"doc": "a", "start": 0, "end": 3}]), corpus)


def test_the_only_document_needs_no_name(read):
    corpus = Corpus([Document("a.md", "one two")])
    assert texts_of(read(one(evidence=[{"start": 4, "end": 7}]), corpus), corpus) == [[["two"]]]


def test_a_span_whose_text_stands_elsewhere_moves_to_the_nearest_place_with_a_warning(read):
    corpus = Corpus([Document("a.md", "lock it. " * 40)])
    found = read(one(evidence=[{"doc": "a.md", "start": 200, "end": 207, "text": "lock it."}]), corpus)
    assert found.questions[0].evidence == (Evidence(((198, 206),), "moved"),)
    assert "is not at 200 to 207 of a.md but at 198 to 206" in found.warnings[0]


def test_a_span_whose_text_is_only_similar_moves_too(read):
    found = read(one(evidence=[{"doc": "guide.md", "start": 0, "end": 5, "text": "The fee was cutt from $32 to $8"}]))
    assert texts_of(found) == [[["The fee was cut from $32 to $8"]]]
    assert found.matched == {"moved": 1}


def test_a_span_whose_text_is_nowhere_in_its_document_is_missing(refused):
    assert "'Straße' is not in guide.md; nearest: 'Straße' in sub/notes.txt" in refused(
        one(evidence=[{"doc": "guide.md", "start": 0, "end": 6, "text": "Straße"}])
    )


@pytest.mark.parametrize(("start", "end"), [(9000, 9017), (-5, 12), (30, 20)])
def test_a_span_out_of_range_with_a_text_is_looked_for(start, end, read):
    found = read(one(evidence=[{"doc": "guide.md", "start": start, "end": end, "text": "Turn the key left"}]))
    assert found.questions[0].evidence == (Evidence(((8, 25),), "moved"),)


def test_a_span_whose_text_differs_only_as_folding_allows_stands_where_it_is(read):
    found = read(one(evidence=[{"doc": "guide.md", "start": 26, "end": 43, "text": "to lock. the fee"}]))
    assert found.questions[0].evidence == (Evidence(((26, 43),), "span"),)
    assert not found.warnings


def test_a_text_of_a_document_is_looked_for_in_it_alone(read):
    found = read(one(evidence=[{"doc": "sub/notes.txt", "text": "Turn the key left"}]))
    assert [span[0] >= len(GUIDE) for span in found.questions[0].evidence[0].spans] == [True]


def test_alternatives_may_be_wordings_or_spans(read):
    spans = [{"doc": "guide.md", "start": 8, "end": 12}, {"text": "Straße und"}]
    found = read(one(relevant=[["Turn back.", "stands nowhere at all in any document"]], evidence=[spans]))
    assert texts_of(found) == [[["Turn back."], ["Turn", "Straße und"]]]


STEPS = {
    "exact": ("Turn the key left to lock.", "Turn the key left to lock."),
    "case": ("turn THE key LEFT", "Turn the key left"),
    "white space": ("Turn the key\n  left", "Turn the key left"),
    "line ends": ("to lock.\nThe fee was", "to lock.\r\nThe fee was"),
    "quotes and dashes": ('in 2024 - "a relief".', "in 2024 — “a relief”."),
    "sharp s": ("STRASSE und FINALE", "Straße und ﬁnale"),
    "ligature": ("finale Fussnote.", "ﬁnale Fußnote."),
    "dotted I": ("i̇stanbul's", "İstanbul’s"),
    "combining marks": ("café opens", "cafe\u0301 opens"),
    "full width": ("Ｔｕｒｎ　ｂａｃｋ.", "Turn back."),
    "letters": ("the *fee* was cut, from 32 to 8!", "The fee was cut from $32 to $8"),
    "similar": ("The fee was cutt from $32 to $8 in 2024", "The fee was cut from $32 to $8 in 2024"),
}


@pytest.mark.parametrize(("phrase", "expected"), STEPS.values(), ids=STEPS)
def test_phrases_are_found_as_they_stand_in_the_document(phrase, expected, read):
    found = read(one(relevant=[phrase]))
    assert expected in texts_of(found)[0][0]
    assert set(texts_of(found)[0][0]) == {expected}


@pytest.mark.parametrize(
    ("phrase", "step"),
    [
        ("Turn back.", "exact"),
        ("turn back.", "folded"),
        ("turn, back!", "letters"),
        ("The fee was cutt from $32", "similar"),
    ],
)
def test_the_step_that_matched_is_counted(phrase, step, read):
    assert read(one(relevant=[phrase])).matched == {step: 1}


def test_a_similar_phrase_must_have_the_same_numbers(refused):
    said = refused(one(relevant=["The fee was cut from $32 to $9 in 2024"]))
    assert "is in no document; nearest: 'The fee was cut from $32 to $8 in 2024' in guide.md, line 4 (9" in said


def test_letters_alone_never_match_inside_words_or_across_other_numbers(refused):
    corpus = Corpus([Document("a.md", "In smart islands 35 percent swim.")])
    assert "is in no document" in refused(one(relevant=["art, is"]), corpus)
    assert "is in no document" in refused(one(relevant=["3.5 percent"]), corpus)


def test_a_short_document_is_not_similar_to_a_longer_phrase(refused):
    corpus = Corpus([Document("a.md", "key")])
    assert "is in no document" in refused(one(relevant=["Turn the key left to lock"]), corpus)


def test_looking_for_nearest_texts_ends_where_it_would_take_too_long(refused, monkeypatch):
    monkeypatch.setattr("rag_chunk.questions.search._EFFORT", 300)
    corpus = Corpus([*CORPUS.documents])
    said = refused(one(relevant=["nowhere at all", "nor here"]), corpus)
    assert said.count("nearest: ") == 1
    assert said.count("' is in no document") == 2


def test_every_missing_phrase_is_listed_at_once_or_left_out(read, refused):
    content = [
        {"question": "A?", "relevant": ["a phrase that is nowhere", "Turn back."]},
        {"id": "b", "question": "B?", "relevant": [["also nowhere", "nor here"]]},
        {"question": "C?"},
    ]
    said = refused(content)
    assert "2 problems" in said
    assert "question q1 (line 1): 'a phrase that is nowhere' is in no document; nearest: " in said
    assert "question b (line 1): 'also nowhere' / 'nor here' are in no document; nearest: " in said
    assert "--missing warn" in said
    found = read(content, missing="warn")
    assert found.ids == ["q1"]
    assert [question.id for question in found.without_evidence] == ["b", "q3"]
    assert len(found.skipped) == 2
    assert texts_of(found) == [[["Turn back."]]]


@pytest.mark.parametrize("missing", ["error", "warn"])
def test_questions_that_have_no_evidence_at_all_are_refused(missing, read):
    with pytest.raises(InputError, match="none of its 1 questions has evidence"):
        read(one(), missing=missing)


def test_all_places_of_a_phrase_are_alternatives_overlapping_ones_too(read):
    corpus = Corpus([Document("a.md", "a-a-a"), Document("b.md", "a-a")])
    assert read(one(relevant=["a-a"]), corpus).questions[0].evidence == (Evidence(((0, 3), (2, 5), (5, 8)), "exact"),)


WHOLE = {
    "a number": ("listens on port 80", "It listens on port 8080. B listens on port 80."),
    "a decimal": ("costs 3", "It costs 3.50. B costs 3."),
    "a decimal after its point": ("port 80.", "On port 80.5. On port 80."),
    "the rest of thousands": ("000 items", "There are 5,000 items, no: 000 items"),
    "digits behind letters": ("port 80", "export 80, port 80"),
    "a power": ("is 10", "It is 10², is 10"),
    "a word": ("the cat", "the category of the cat"),
    "a word in another case": ("THE CAT", "The category of the cat"),
    "a name in code": ("timeout", "connect_timeout = timeout"),
    "accents": ("cafe", "cafe\u0301 or cafe"),
    "a minus": ("5 degrees at night", "At -5 degrees at night, or 5 degrees at night"),
    "a minus before a currency": ("$5 per share", "A loss of -$5 per share, not $5 per share"),
    "Hindi vowel signs": ("काउंटी", "काउंटीयों, काउंटी"),
    "a Hindi letter that is joined to the next": ("दिल", "दिल्ली, दिल"),
    "a minus that is a hyphen": ("-5 degrees", "3-5 degrees, or -5 degrees"),
    "signs of a name": ("written in C", "It is written in C++ or written in C#, and not written in C"),
}


@pytest.mark.parametrize(("phrase", "text"), WHOLE.values(), ids=WHOLE)
def test_a_phrase_is_no_evidence_inside_a_longer_word_or_number(phrase, text, read):
    found = read(one(relevant=[phrase]), Corpus([Document("a.md", text)]))
    assert [span[1] for span in found.questions[0].evidence[0].spans] == [len(text.rstrip(".")) + phrase.endswith(".")]
    assert not any("longer" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("listens on port 80", "B listens on port 8080."),
        ("costs 3", "costs 3,50 Euro"),
        ("the cat", "the category"),
        ("on art", "on artistry"),
        ("मत है", "मति है"),
        ("-5 degrees", "3-5 degrees"),
        ("written in C", "It is written in C++."),
        ("5 degrees at night", "It was -5 degrees at night."),
        ("It was 5 degrees at night.", "It was \u22125 degrees at night."),
        ("It was -5 degrees at night.", "It was 5 degrees at night."),
        ("It was -5, degrees at night", "It was 5 degrees at night."),
    ],
)
def test_a_phrase_that_stands_only_inside_another_number_or_word_is_missing(phrase, text, refused):
    assert "in no document" in refused(one(relevant=[phrase]), Corpus([Document("a.md", text)]))


BORDERS = {
    "Chinese": ("东京", "我住在东京都。"),
    "Japanese with digits": ("第3章", "これは第3章の本文です。"),
    "Thai": ("ภาษา", "เรียนภาษาไทย"),
    "signs at both ends": ("**bold**", "so**bold**here"),
    "a sign before a digit": ("C++", "written in C++17"),
    "emphasis": ("word", "a _word_ here"),
    "a currency": ("$8", "US$8 each"),
    "a hyphen": ("known fact", "a well-known fact"),
    "the end of a range": ("20 items", "10-20 items"),
    "a list item": ("5 items", "- 5 items"),
    "an apostrophe": ("the door", "the door’s key"),
}


@pytest.mark.parametrize(("phrase", "text"), BORDERS.values(), ids=BORDERS)
def test_scripts_without_spaces_and_signs_have_borders_of_their_own(phrase, text, read):
    corpus = Corpus([Document("a.md", text)])
    found = read(one(relevant=[phrase]), corpus)
    assert texts_of(found, corpus) == [[[phrase]]]
    assert not any("longer" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("phrase", "text", "longer"),
    [
        ("des Datenschutz", "Aufgabe des Datenschutzbeauftragten", "des Datenschutzbeauftragten"),
        ("Peyton Manning", "unter Peyton Mannings Führung", "Peyton Mannings"),
        ("서울", "나는 서울에서 산다", "서울에서"),
    ],
)
def test_a_part_of_a_compound_is_taken_with_a_warning_where_there_is_nothing_else(phrase, text, longer, read):
    corpus = Corpus([Document("a.md", text)])
    found = read(one(relevant=[phrase]), corpus)
    assert texts_of(found, corpus) == [[[phrase]]]
    assert f"occurs only inside longer words: {longer!r}" in found.warnings[0]


def test_keywords_are_flagged(read):
    corpus = Corpus([Document("a.md", "JWT " * 7 + "a longer phrase " * 6)])
    found = read(one(relevant=["JWT", "a longer phrase"]), corpus)
    assert "'JWT' has only 3 characters and occurs in 7 places" in found.warnings[0]
    assert "'a longer phrase' occurs in 6 places; almost any search finds such a keyword" in found.warnings[1]


def test_a_passage_that_occurs_in_many_places_is_called_no_keyword(read):
    passage = "The form has to be signed on its last page by all."
    found = read(one(relevant=[passage]), Corpus([Document("a.md", f"{passage}\n\n" * 6)]))
    assert "occurs in 6 places; a search that finds any of them counts" in found.warnings[0]


PROBLEMS = {
    "blank question": ({"question": " ", "relevant": ["Turn"]}, "question must be text"),
    "no question": ({"question": None, "relevant": ["Turn"]}, "it has no question"),
    "blank phrase": ({"relevant": ["Turn", " \n"]}, "phrase 2 is blank"),
    "number": ({"relevant": [42]}, "phrase 1 must be text"),
    "no wordings": ({"relevant": [[]]}, "phrase 1 must be text or a list of wordings"),
    "phrases": ({"relevant": {"a": 1}}, "relevant must be a list of phrases"),
    "tags": ({"tags": [1]}, "tags must be a list of texts"),
    "id": ({"id": ["x"]}, "id must be text"),
    "evidence": ({"evidence": "Turn"}, "evidence must be a list"),
    "evidence item": ({"evidence": ["Turn"]}, "evidence 1 must be an object"),
    "half a span": ({"evidence": [{"doc": "guide.md", "start": 3}]}, "has only one of start and end"),
    "text as offset": ({"evidence": [{"doc": "guide.md", "start": "3", "end": 4}]}, "needs whole numbers"),
    "neither": ({"evidence": [{"doc": "guide.md", "txt": "a"}]}, "has neither text nor start and end; it has doc, txt"),
    "no document": ({"evidence": [{"start": 3, "end": 4}]}, "needs doc"),
    "out of range": ({"evidence": [{"doc": "guide.md", "start": 3, "end": 4000}]}, "3 to 4000 is not a span of guide.md, which has"),
    "blank span": ({"evidence": [{"doc": "guide.md", "start": 6, "end": 8}]}, "6 to 8 of guide.md is blank"),
    "blank text": ({"evidence": [{"text": " "}]}, "evidence 1 is blank"),
    "half a character in the id": ({"id": "\ud800"}, "'\\ud800' has half a character"),
    "half a character in a tag": ({"tags": ["a", "\udc00"]}, "'\\udc00' has half a character"),
    "half a character in a phrase": ({"relevant": ["\ud83d"]}, "'\\ud83d' has half a character"),
    "nested deeply": ({"relevant": json.loads("[" * 200 + "]" * 200)}, "a list of wordings, not [[[[[[[...]]]]]]]"),
    "number as document": ({"evidence": [{"doc": 3, "text": "Turn"}]}, "needs texts for doc and text"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "said"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_wrong_with_a_question_is_said(fields, said, refused):
    first, second = json.dumps(one(relevant=["Turn"])[0]), json.dumps({"question": "How?", **fields})
    assert said in refused(f"[{first},\n\n{second}]").partition("(line 3): ")[2]
    assert said in refused(f"{first}\n\n{second}").partition("(line 3): ")[2]


def test_all_problems_are_said_at_once(refused):
    said = refused([{"relevant": [" "]}, {"question": 3, "tags": 4}, {"question": "C?", "relevant": ["nowhere"]}])
    assert "5 problems" in said
    assert said.count("\n") == 6


def test_ids_default_to_positions_and_must_differ(refused, read):
    assert read([*one(id=7, relevant=["Turn"]), *one(relevant=["Turn"])]).ids == ["7", "q2"]
    content = '[{"id": "q2", "question": "A?", "relevant": ["Turn"]},\n{"question": "B?", "relevant": ["Turn"]}]'
    assert "the id 'q2' occurs 2 times (line 1, line 2); ids must differ" in refused(content)
    assert "the id 'q2' occurs 2 times (number 1, number 2); ids must differ" in refused(content.replace("\n", " "))


def test_a_long_id_is_shortened_where_it_is_named(refused):
    assert len(refused(one(id="i" * 100_000, relevant=["nowhere"]))) < 500


def test_tags_are_trimmed_and_stand_once(read):
    assert read(one(relevant=["Turn"], tags=["a ", "", "b", "a"])).questions[0].tags == ("a", "b")


def test_a_field_that_looks_misspelt_is_warned_of(read):
    found = read(one(relevant=["Turn the key"], relevent=["Turn"], answer="left"))
    assert found.warnings == ("question q1 (line 1): the field 'relevent' is ignored (did you mean 'relevant'?)",)


BROKEN = {
    "empty": ("", "is empty"),
    "blank": (" \n", "is empty"),
    "JSON": ('[{"question": "How?"\n "relevant"]', "line 2, column 2"),
    "JSONL": ('{"question": "A?"}\n{"question": }\n{"question": "B?"}', "line 2, column 14"),
    "JSONL of lists": ('{"question": "A?"}\n["B?"]', "line 2: this is not a question"),
    "YAML": ("questions:\n- question: [\n", "cannot be read as YAML: line"),
    "plain text": ("How do I lock it?", "holds no list of questions"),
    "another object": ('{"answers": []}', "holds no list of questions"),
    "no questions": ('{"questions": []}', "the file holds no question"),
    "no rows": ("question,relevant\n", "the file holds no question"),
    "a list of texts": ('["How?", "Why?"]', "number 2 in the list (line 1): this is not a question"),
    "CSV with too many cells": ("question,relevant\nHow?,Turn, left\n", "line 2: it has 3 cells, and the header 2"),
    "CSV with an open quote": ('question,relevant\nA?,Turn\nB?,"Turn\n', "cannot be read as CSV: line 3"),
    "CSV with broken JSON": ('question,references\nHow?,"[{"\n', "line 2: references cannot be read as JSON"),
    "CSV with no list": ('question,references\nHow?,"{}"\n', "line 2: references must hold a JSON list"),
    "CSV with no objects": ('question,references\nHow?,"[1]"\n', "line 2: references must hold objects"),
    "deep JSON": ("[" * 100_000, "cannot be read as JSON"),
    "deep objects": ('{"a":' * 100_000, "cannot be read as JSON: it is nested too deeply"),
    "much YAML": ("- [" + "[]," * 110_000 + "1]", "more than 200,000 values; write it as JSON"),
    "deep YAML": ("questions: " + "[" * 4_000, "cannot be read as YAML: line 1: it is nested too deeply"),
    "CSV with a deep cell": (
        'question,relevant\nA?,"' + "[" * 100_000 + '"\n',
        "line 2: relevant cannot be read as JSON: it is",
    ),
    "a name that appears twice": ('[{"question": "A?",\n "question": "B?"}]', "'question' appears twice in one object"),
    "a column that appears twice": ("question,relevant,Relevant\nA?,Turn,key\n", "the file has two columns 'relevant'"),
    "a long number": (
        '{"id": ' + "9" * 5_000 + ', "question": "A?"}',
        "cannot be read as JSON: a number has too many digits",
    ),
    "a long line of text": ("x" * 200_000, "holds no list of questions"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(content, said, refused):
    assert said in refused(content)


def test_a_file_that_is_not_there_or_not_text_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="there is no question file"):
        read_questions(tmp_path / "absent.json", CORPUS)
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_questions(tmp_path, CORPUS)
    (tmp_path / "latin1.csv").write_bytes("question,relevant\nWo?,Straße\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8 at byte 26"):
        read_questions(tmp_path / "latin1.csv", CORPUS)
    (tmp_path / "utf16.csv").write_bytes("question,relevant\nWo?,Straße\n".encode("utf-16"))
    with pytest.raises(InputError, match="iconv -f UTF-16 -t UTF-8"):
        read_questions(tmp_path / "utf16.csv", CORPUS)
    (tmp_path / "utf16.csv").write_bytes(b"question,relevant\nHow?,By it\n".decode().encode("utf-16-le"))
    with pytest.raises(InputError, match="looks like UTF-16LE"):
        read_questions(tmp_path / "utf16.csv", CORPUS)
    (tmp_path / "q.xlsx").write_bytes(b"PK\x03\x04\xff\x00")
    with pytest.raises(InputError, match="is a ZIP archive, as Excel's files are; save it as text"):
        read_questions(tmp_path / "q.xlsx", CORPUS)


def test_the_line_of_each_question_is_known(refused):
    rows = ["question,relevant,notes", 'A?,absent phrase,"two\nlines"', "", "B?,another absent one,"]
    said = refused("\n".join(rows))
    assert "q1 (line 2)" in said
    assert "q2 (line 5)" in said
    nested = '{"about": {"questions": [1, 2]},\n "questions":\n [{"question": "A?",\n "relevant": ["]absent"]},\n {"question": "B?", "relevant": ["nope"]}]}'
    said = refused(nested)
    assert "q1 (line 3)" in said
    assert "q2 (line 5)" in said


@pytest.mark.parametrize("head", ["\n", "about: {questions: [1, 2]}\nquestions:\n"])
def test_the_line_of_each_question_is_known_in_yaml(head, refused):
    said = refused(
        f'{head}- question: A?\n  relevant:\n    - absent phrase\n- {{question: "B?", relevant: 2024-13-45}}\n'
    )
    first = head.count("\n") + 1
    assert f"q1 (line {first}): 'absent phrase' is in no document" in said
    assert f"q2 (line {first + 3}): '2024-13-45' is in no document" in said


def test_located_questions_read_back_equal(read):
    first = read([
        *one(relevant=["Turn the key left", ["Turn back.", "Straße"]], tags=["a"]),
        *one(id="x", evidence=[{"doc": "guide.md", "start": 8, "end": 12}]),
    ])  # fmt: skip
    again = read({"questions": [question_to_dict(question, CORPUS) for question in first.questions]})
    assert again.digest == first.digest
    assert texts_of(again) == texts_of(first)
    assert again.matched == {"span": 3}


def test_the_digest_tells_other_questions_apart(read):
    digests = {read(one(relevant=[phrase])).digest for phrase in ("Turn", "Turn the", "Turn", "Straße")}
    assert len(digests) == 3


@given(st.data())
def test_a_phrase_taken_from_a_document_is_found_where_it_stands(data):
    corpus = data.draw(corpora())
    places = stretches(corpus)
    assume(not places.is_empty)
    start, end = data.draw(places)
    text = corpus.text(start, end)
    phrase = text.strip()
    first = start + len(text) - len(text.lstrip())
    document, begin, end = corpus.place(first, first + len(phrase))
    assume(is_whole(document.text, begin, end))
    found = TextSearch(corpus).find(phrase, range(len(corpus.documents)))
    assert found is not None
    assert found.step == "exact"
    assert (first, first + len(phrase)) in found.spans
    assert all(corpus.text(*span) == phrase for span in found.spans)


@given(texts)
def test_folding_keeps_the_place_of_every_character(text):
    folded = fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert (folded.starts < folded.ends).all()
    assert (folded.starts[1:] >= folded.starts[:-1]).all()
    assert (folded.starts[:1] == 0).all()
    assert (folded.starts[1:] <= folded.ends[:-1]).all()
    assert (folded.ends[-1:] == len(text)).all()


@given(st.one_of(texts, st.text(st.characters(max_codepoint=127))))
def test_the_folded_text_alone_is_that_of_the_folding(text):
    assert fold_text(text) == fold(text).text.strip()


@given(texts)
def test_a_document_that_differs_in_case_and_white_space_is_found_whole(text):
    assume(text.strip())
    changed = "  ".join(fold(text).text.upper().split(" ")).replace("  ", "\n \t")
    assume(fold(changed).text.strip() == fold(text).text.strip())
    # Folding makes a lone cedilla a space with a mark: in other white space, the mark is all that is left of it.
    assume(not unicodedata.combining(changed.strip()[0]))
    found = TextSearch(Corpus([Document("a.md", text)])).find(changed.strip(), [0])
    assert found is not None
    assert any(text[start:end].strip() == text.strip() for start, end in found.spans)


@given(texts)
def test_letters_stand_where_they_stood(text):
    left = letters(fold(text))
    assert len(left.starts) == len(left.text)
    assert not any(character.isspace() for character in left.text)
    for character, start, end in zip(left.text, left.starts.tolist(), left.ends.tolist(), strict=True):
        assert character in fold(text[start:end]).text


INDENTED_ROW = "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ="  # with the numbers of a table, in an indented line
HEADING = "# Heading\n"


@given(texts, texts)
@example(" " + INDENTED_ROW * 2 + HEADING * 2 + "12345678 " + HEADING, (INDENTED_ROW + HEADING) * 2 + HEADING * 2)
def test_nothing_breaks_while_a_phrase_is_looked_for(text, phrase):
    corpus = Corpus([Document("a.md", text), Document("b.md", "other")])
    assume(phrase.strip())
    places = TextSearch(corpus)
    for found in (places.find(phrase.strip(), [0, 1]), places.find_similar(phrase.strip(), [0, 1])):
        for start, end in found.spans if found else ():
            assert corpus.text(start, end).strip() == corpus.text(start, end) != ""
    assert isinstance(places.nearest(phrase.strip()), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 and 2.5", ["1000", "2.5"]),
        ("12,34", ["12,34"]),
        ("x²", ["2"]),
        ("none", []),
        ("-5 or (\u22121,200) or \u2013$3", ["-5", "-1200", "-3"]),
        ("10-20, COVID-19, - 5, a\u20135", ["10", "20", "19", "5", "5"]),
    ],
)
def test_numbers_are_compared_without_commas_between_thousands(text, expected):
    assert numbers(text) == expected


@pytest.mark.parametrize(
    ("stored", "name"), [("relev\u00e9.md", "releve\u0301.md"), ("releve\u0301.md", "relev\u00e9.md")]
)
def test_names_of_documents_are_compared_in_composed_form(stored, name, read):
    corpus = Corpus([Document(stored, "The pump is blue."), Document("b.md", "x")])
    assert read(one(evidence=[{"doc": name, "start": 4, "end": 8}]), corpus).matched == {"span": 1}
    assert read(one(evidence=[{"doc": name.removesuffix(".md"), "start": 4, "end": 8}]), corpus).matched == {"span": 1}


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.md", "report.txt"])
def test_a_document_of_another_kind_goes_by_the_name_of_its_text(name, read):
    corpus = Corpus([Document("report.pdf", "The pump is blue."), Document("other.md", "x")])
    assert read(one(evidence=[{"doc": name, "start": 4, "end": 8}]), corpus).matched == {"span": 1}


def test_a_text_goes_by_the_name_of_the_file_that_it_comes_from_but_not_by_that_of_another_text(read, refused):
    corpus = Corpus([Document("report.md", "The pump is blue."), Document("other.md", "x")])
    assert read(one(evidence=[{"doc": "report.pdf", "start": 4, "end": 8}]), corpus).matched == {"span": 1}
    said = refused(one(evidence=[{"doc": "report.txt", "start": 4, "end": 8}]), corpus)
    assert "'report.txt' is not in the corpus (did you mean 'report.md'?)" in said


def test_no_document_is_proposed_for_what_only_the_rest_of_its_name_is_like(refused):
    corpus = Corpus([Document("ACTIVISION_2019Q2_10Q.pdf", "x"), Document("b.md", "y")])
    assert "did you mean" not in refused(one(evidence=[{"doc": "PFIZER", "start": 0, "end": 1}]), corpus)


def test_a_phrase_in_a_csv_may_begin_with_a_bracket(read, refused):
    corpus = Corpus([Document("a.md", "- [x] Close the valve.\n- [The manual](m.md) is in the drawer.\n")])
    content = "question,relevant\nA?,[x] Close the valve.\nB?,[The manual](m.md) is in the drawer.\n"
    assert read(content, corpus).matched == {"exact": 2}
    said = refused('question,relevant\nA?,"[""x"", ""y"""\n', corpus)
    assert 'a phrase that begins with [ is written as a list: ["[…"]' in said


def test_a_list_in_a_csv_may_be_written_as_python_does(read):
    corpus = Corpus([Document("a.md", "It doesn't leak. It is blue.")])
    content = """question,relevant,tags\nA?,"[""It doesn't leak."", 'It is blue.']","['x', 'y']"\n"""
    found = read(content, corpus)
    assert (found.matched, found.questions[0].tags) == ({"exact": 2}, ("x", "y"))


def test_the_line_of_excel_that_names_the_separator_is_understood(read, refused):
    assert read("sep=;\r\nquestion;relevant\r\nHow?;Turn the key left\r\n").matched == {"exact": 1}
    assert read('"sep=,"\nquestion,relevant\nHow?,Turn the key left\n').matched == {"exact": 1}
    assert "q1 (line 3): 'absent' is in no document" in refused("sep=;\nquestion;relevant\nHow?;absent\n")


@pytest.mark.parametrize(
    ("name", "field"), [("input", "question"), ("contexts", "relevant"), ("tag", "tags"), ("query_id", "id")]
)
def test_the_field_that_another_tool_means_is_named(name, field, read):
    content = [*one(relevant=["Turn the key"]), {name: "x", **one(relevant=["Turn back."])[0]}]
    assert f"the field {name!r} is ignored (did you mean {field!r}?)" in read(content).warnings[0]


def test_a_device_without_an_end_is_refused(monkeypatch):
    if not Path("/dev/zero").is_char_device():
        pytest.skip("there is no /dev/zero")
    monkeypatch.setattr("rag_chunk.corpus.text_encoding._LONGEST_STREAM", 1_000_000)
    with pytest.raises(InputError, match="the question file /dev/zero is no regular file, and has no end within 1 MB"):
        read_questions("/dev/zero", Corpus([Document("a.md", "x")]))
