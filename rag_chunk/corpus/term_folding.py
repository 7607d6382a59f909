"""How a term is compared with others: folded as Unicode's NFKC_Casefold has it."""

import unicodedata
from functools import lru_cache

import regex

IS_IGNORABLE = regex.compile(
    r"\p{Default_Ignorable_Code_Point}"
)  # soft hyphens, joiners, variation selectors: not seen
_MAY_COMPOSE = regex.compile(r"\p{NFC_Quick_Check=Maybe}")


@lru_cache(maxsize=1 << 16)
def fold_term(term: str) -> str:
    r"""Return `term` without what is not seen, in one of its compatible forms, in lower case.

    >>> fold_term("ﬁnance"), fold_term("so\u00adfa"), fold_term("espan\u0303ol"), fold_term("Straße")
    ('finance', 'sofa', 'español', 'strasse')
    """
    if term.isascii():
        return term.lower()
    return unicodedata.normalize("NFC", "".join(map(_fold_character, term)))


@lru_cache(maxsize=8192)
def _fold_character(character: str) -> str:
    """Return what NFKC_Casefold makes of one character; a second round finds what the first has made foldable."""
    folded = unicodedata.normalize("NFD", character)
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", folded.casefold())
    return "".join(each for each in folded if not IS_IGNORABLE.match(each))


def needs_folding(character: str) -> int:
    """Return 1 where `casefold` alone does not fold `character` in any word: it changes more, or joins its neighbours."""
    alone = _fold_character(character) == character.casefold() and len(character.casefold()) == 1
    return int(not alone or unicodedata.combining(character) > 0 or bool(_MAY_COMPOSE.match(character)))
