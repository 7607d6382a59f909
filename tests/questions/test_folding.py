"""Texts are folded alike by any way through the code: characters all at once, cluster by cluster, many texts together."""

from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.questions import folding
from rag_chunk.questions.folding import fold, fold_texts

ALPHABETS = (
    "a B\n\t\u00a0\u2028",
    "\u00dfa\u2026\u00bd\ufb01 \u0130\u03a3",
    "\u201c\u2019\u2013\x1c\r\n a",
    "\u5168\U0001d400\U00010061a ",
)
texts = st.text(max_size=20) | st.sampled_from(ALPHABETS).flatmap(lambda alphabet: st.text(alphabet, max_size=20))


@given(texts)
def test_characters_folded_all_at_once_are_those_folded_cluster_by_cluster(text):
    at_once, by_cluster = fold(text), folding._fold_by_cluster(text)  # noqa: SLF001 - the way for all texts
    assert at_once.text == by_cluster.text
    assert at_once.starts.tolist() == by_cluster.starts.tolist()
    assert at_once.ends.tolist() == by_cluster.ends.tolist()


@given(st.lists(texts, min_size=1, max_size=4))
def test_texts_folded_together_are_those_folded_one_by_one(each):
    assert fold_texts(each) == [fold(text).text for text in each]
