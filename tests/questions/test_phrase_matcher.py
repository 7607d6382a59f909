"""Many phrases looked for at once are located as if each were looked for by itself, in every document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import common_blocks
from rag_chunk.questions.borders import is_component, is_whole
from rag_chunk.questions.document_texts import DocumentTexts
from rag_chunk.questions.folding import core, fold, letters, numbers
from rag_chunk.questions.phrase_matcher import PhraseMatcher
from rag_chunk.questions.search import Match, TextSearch

ALPHABETS = (
    "ab",
    "ab1., ",
    "abcdefgh ",
    "aB\u00e9\u0301\ufb01\u00df\u2026 \n",
    "a\u0161\u0261\U00010061 ",
    "\u5168\u6587\u691c a",
)
alphabets = st.sampled_from(ALPHABETS)


@st.composite
def texts_with_phrases(draw):
    alphabet = draw(alphabets)
    texts = draw(st.lists(st.text(alphabet, max_size=60), min_size=1, max_size=4))
    slices = st.tuples(st.sampled_from(texts), st.integers(0, 50), st.integers(1, 20))
    taken = [text[start : start + length].strip() for text, start, length in draw(st.lists(slices, max_size=12))]
    phrases = [*taken, *draw(st.lists(st.text(alphabet, max_size=12).map(str.strip), max_size=4))]
    return texts, [phrase for phrase in phrases if phrase]


def places_one_by_one(text, phrase):
    return [place for place in range(len(text) - len(phrase) + 1) if text.startswith(phrase, place)] if phrase else []


def match_one_by_one(corpus, phrase, documents):
    """Return the match of a phrase as the order of the ways defines it, with every text read for every phrase."""
    folded = {index: fold(corpus.documents[index].text) for index in documents}
    bare = {index: letters(folded[index]) for index in documents}
    ways = [
        ("exact", is_whole),
        ("folded", is_whole),
        ("letters", is_whole),
        ("exact", is_component),
        ("folded", is_component),
    ]
    wanted = {"exact": phrase, "folded": fold(phrase).text.strip(), "letters": letters(fold(phrase)).text}
    for step, is_place in ways:
        spans = []
        for index in documents:
            text, offset = corpus.documents[index].text, int(corpus.starts[index])
            there = {"exact": text, "folded": folded[index].text, "letters": bare[index].text}[step]
            for place in places_one_by_one(there, wanted[step]):
                start, end = place, place + len(wanted[step])
                if step != "exact":
                    form = (folded if step == "folded" else bare)[index]
                    if not form.is_whole(start, end):
                        continue
                    start, end = form.span(start, end)
                if is_place(text, start, end) and (step != "letters" or numbers(phrase) == numbers(text[start:end])):
                    spans.append((start + offset, end + offset))
        if spans:
            return Match(tuple(spans), step, inside_words=is_place is is_component)
    return None


@given(texts_with_phrases(), st.booleans())
def test_all_places_of_all_phrases_are_those_of_each_phrase(drawn, sampled):
    texts, phrases = drawn
    matcher = PhraseMatcher(phrases, lambda: texts[0] if sampled else "")
    for text in texts:
        expected = [(row, place) for row, phrase in enumerate(phrases) for place in places_one_by_one(text, phrase)]
        assert sorted(matcher.places(text)) == expected
        assert sorted(matcher.places(text), key=lambda found: found[0]) == expected


@given(texts_with_phrases())
def test_phrases_prepared_together_have_the_matches_of_each_by_itself(drawn):
    texts, phrases = drawn
    corpus = Corpus([Document(f"{number}.md", text) for number, text in enumerate(texts)])
    everywhere, last = range(len(texts)), (len(texts) - 1,)
    together, alone = TextSearch(corpus), TextSearch(corpus)
    wanted = [(phrase, documents) for phrase in phrases for documents in (everywhere, last)]
    together.prepare(wanted)
    for phrase, documents in wanted:
        expected = match_one_by_one(corpus, phrase, documents)
        assert together.find(phrase, documents) == alone.find(phrase, documents) == expected
        assert together.find_similar(phrase, documents) == alone.find_similar(phrase, documents)


@given(texts_with_phrases(), st.sampled_from(("folded", "letters")))
def test_documents_that_are_left_out_by_their_cores_hold_no_phrase(drawn, form):
    texts, phrases = drawn
    corpus, places = Corpus([Document(f"{number}.md", text) for number, text in enumerate(texts)]), []
    wanted = [(phrase.swapcase(), range(len(texts))) for phrase in phrases if core(fold(phrase).text)]
    for shortest in (1, 99):  # some documents are left out, and none
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rag_chunk.questions.document_texts._SHORTEST_CORE", shortest)
            places.append(DocumentTexts(corpus).find(form, wanted))
    assert places[0] == places[1]


@given(st.data(), alphabets, st.sampled_from((8, 12)))
def test_the_places_of_all_pieces_of_a_passage_are_those_of_each_piece(data, alphabet, size):
    text = data.draw(st.text(alphabet[:3], max_size=20)) * data.draw(st.integers(1, 9))
    low, high = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    others = data.draw(st.lists(st.text(alphabet, min_size=size, max_size=size), max_size=3))
    pieces = [*(text[place : place + size] for place in range(len(text) - size + 1)), *others]
    alone = [common_blocks.places_of_piece(piece, text, low, high) for piece in pieces]
    assert list(common_blocks.places_of_pieces(pieces, text, low, high)) == alone
    counts = [len(places_one_by_one(text[low:high], piece)) for piece in pieces]
    assert [len(places) for places in alone] == [count if count <= 50 else 0 for count in counts]


def test_the_time_to_find_phrases_does_not_grow_with_their_number_times_the_text():
    text = " ".join(f"word{number}" for number in range(20_000))
    phrases = [f"word{number} word{number + 1} word{number + 2}" for number in range(10, 19_000, 19)]
    compared = []

    class Counting(str):
        __slots__ = ()

        def startswith(self, *arguments):
            compared.append(arguments)
            return str.startswith(self, *arguments)

    assert len(list(PhraseMatcher(phrases, lambda: text).places(Counting(text)))) == len(phrases)
    assert len(compared) < 3 * len(phrases)


@pytest.mark.parametrize("phrase", ["a", "ab", "abcd", "abcdefgh"])
def test_a_phrase_of_any_length_is_found_at_both_ends(phrase):
    matcher = PhraseMatcher([phrase, "zz", "zzz", "zzzzz"])
    assert list(matcher.places(phrase)) == [(0, 0)]
    assert list(matcher.places(phrase[:-1])) == []
    assert list(matcher.places(f"{phrase}-{phrase}")) == [(0, 0), (0, len(phrase) + 1)]
