"""Where sentences start.

Enders are those of Unicode's sentence rules (UAX 29, the classes STerm and ATerm), CJK, Indic and others
included. A full stop ends no sentence inside a number, after a known abbreviation or an initial, after
the number of a list item, before a small letter, before another full stop, or in a German ordinal (`3. Mai`,
`im 19. Jahrhundert`). A line that carries a mark of Markdown starts a sentence, and so does the one after a heading.
"""

import re

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Bytes, Positions, among, distinct
from rag_chunk.corpus.characters import where
from rag_chunk.corpus.structure.abbreviations import (
    ABBREVIATIONS,
    AFTER_DATES,
    AFTER_ORDINALS,
    BEFORE_LARGE,
    BEFORE_NUMBERS,
    BEFORE_ORDINALS,
    FOREIGN,
)
from rag_chunk.corpus.structure.letters import (
    AFTER_MARK,
    AFTER_NUMBER,
    BLANK,
    CLOSES,
    ENDS,
    IS_DIGIT,
    IS_LARGE,
    IS_LETTER,
    IS_MARK,
    IS_SMALL,
    LOWER,
    MAY_MARK,
    NEAR,
    OPENERS,
    OPENS,
    OTHER,
    SMALL,
    SPACED,
    STOP,
    WIDE,
    LetterLine,
    column,
    following_keys,
    letter_keys,
    letter_of,
)

_LONGEST_NUMBER = 9  # digits of a list item
_MOST_CLOSERS = 16  # in a row, that belong to the sentence before them
_NOTES = re.compile(r"(?:\[[^\[\]\r\n]+\])+(?!\()")  # and no link of Markdown
_LONGEST_NOTES = 80  # characters
_AT_ONCE = 1 << 14  # enders that are looked at together
_DAY = 2  # digits of a day
_LONGEST_ABBREVIATION = NEAR - 1  # letters of one that is not ASCII
_PAIRS = ("zB", "zT", "dh", "di", "ua", "uU", "uÄ", "oÄ", "oä", "id", "dR", "va", "so", "su")  # z. B., d. h.: German
_KEYS, _NUMBER_KEYS, _LAST_KEYS = letter_keys(ABBREVIATIONS), letter_keys(BEFORE_NUMBERS), letter_keys(BEFORE_LARGE)
_ORDINAL_KEYS, _BEFORE_ORDINAL_KEYS = following_keys(AFTER_ORDINALS), letter_keys(BEFORE_ORDINALS)
_CHRIST_KEYS = following_keys(["Chr"])
_PAIR_KEYS = np.array(sorted(letter_of(pair[0]) << 8 | letter_of(pair[1]) for pair in _PAIRS))


def sentence_starts(corpus: Corpus, line_starts: Positions, firsts: Positions) -> Positions:
    """Return where sentences start on the line, in order.

    `firsts` is where the lines that are not blank have their first character but white space.

    >>> from rag_chunk import Document
    >>> text, start = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。", np.zeros(1, np.int64)
    >>> [text[start:start + 3] for start in sentence_starts(Corpus([Document("a", text)]), start, start)]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    if not len(corpus):
        return firsts
    line = LetterLine(corpus)
    return distinct(
        corpus.starts[corpus.starts < len(corpus)].astype(firsts.dtype),
        _after_enders(line, firsts),
        _after_markers(line, firsts),
        _after_headings(line, firsts, line_starts),
    )


def _after_enders(line: LetterLine, firsts: Positions) -> Positions:
    """Return where a sentence starts because one has ended before it."""
    ends = where(line.letters, lambda letters: letters >= STOP)
    parts = np.array_split(ends, len(ends) // _AT_ONCE + 1)
    return np.concatenate([_starts_after(line, part, firsts) for part in parts])


def _starts_after(line: LetterLine, ends: Positions, firsts: Positions) -> Positions:
    """Return where a sentence starts after one of the enders."""
    limits = line.limits(ends)
    last = ~ENDS[line.at(ends + 1, limits)]
    ends, limits = ends[last], limits[last]
    after = _past_notes(line, _past_closers(line, ends + 1, limits), limits)
    spaced = SPACED[line.at(after, limits)]
    following = after.copy()
    following[spaced] = line.corpus.whitespace.past(after[spaced])
    kept = (line.letters[ends] == WIDE) | (spaced & ~IS_SMALL[line.at(following, limits)])
    kept &= (following < limits) & ((line.letters[ends] != STOP) | (line.at(following, limits) != STOP))
    dated = (line.at(following, limits) == ord("(")) & IS_DIGIT[line.at(following + 1, limits)]
    kept &= ~(dated & (after > ends + 1))  # "A title!" (2006)
    ends, following = ends[kept], following[kept]
    started: Positions = following[~_abbreviating(line, ends, following, firsts)]
    return started


def _past_closers(line: LetterLine, after: Positions, limits: Positions) -> Positions:
    """Move each place past the quotes and brackets that close there; in German and Danish those do that open elsewhere."""
    moving = np.arange(len(after))
    for _ in range(_MOST_CLOSERS):
        there, beyond = (line.at(after[moving] + shift, limits[moving]) for shift in (0, 1))
        moving = moving[CLOSES[there] | (OPENS[there] & BLANK[beyond])]
        if not len(moving):
            break
        after[moving] += 1
    return after


def _past_notes(line: LetterLine, after: Positions, limits: Positions) -> Positions:
    """Move each place past the notes in brackets that follow without a space: `.[1]`, `.[citation needed]`."""
    noted = np.flatnonzero(line.at(after, limits) == ord("["))
    for row, place, limit in zip(noted.tolist(), after[noted].tolist(), limits[noted].tolist(), strict=True):
        notes = _NOTES.match(line.corpus.text(place, min(place + _LONGEST_NOTES, limit)))
        after[row] += notes.end() if notes else 0
    return after


def _abbreviating(line: LetterLine, ends: Positions, following: Positions, firsts: Positions) -> Bools:
    """Return whether each ender is a full stop that belongs to the word before it: `Dr.`, `J.`, `U.S.`, `3.`, `z. B.`.

    `following` is where the text goes on after the white space.
    """
    is_abbreviation = np.zeros(len(ends), bool)
    rows = np.flatnonzero(line.letters[ends] == STOP)
    before = line.before(ends[rows])
    length = np.argmax(BLANK.take(before), axis=0)
    near = (length > 0) & ~ENDS[before[0]]
    rows, before, length = rows[near], before[:NEAR, near], length[near]
    starts, length = ends[rows] - length, _without_openers(before, length)
    outside = column(NEAR, length) >= length
    goes_on = following[rows]
    number = _number(before, length, outside)
    number[number] = among(starts[number], firsts) | _are_ordinals(
        line, starts[number], goes_on[number], length[number]
    )
    words = _words(before, outside)
    numbered = among(words, _NUMBER_KEYS) & IS_DIGIT[line.letters[goes_on]]
    last = among(words, _LAST_KEYS) & IS_LARGE[line.letters[goes_on]]
    is_abbreviation[rows] = (among(words, _KEYS) & ~last) | numbered | _initials(before, length, outside) | number
    alone = np.flatnonzero(length == 1)
    is_abbreviation[rows[alone]] |= _are_paired_letters(line, before[:, alone], goes_on[alone])
    double = np.flatnonzero((length == 2) & IS_LARGE[before[0]] & (before[0] == before[1]))  # noqa: PLR2004
    is_abbreviation[rows[double]] |= _are_doubled(line, goes_on[double])
    not_ascii = (before >= SMALL) & (before <= OTHER) & ~outside
    foreign = np.flatnonzero(not_ascii.any(axis=0) & (length <= _LONGEST_ABBREVIATION))
    is_abbreviation[rows[foreign]] |= _are_foreign(line, starts[foreign], ends[rows[foreign]])
    return is_abbreviation


def _are_doubled(line: LetterLine, following: Positions) -> Bools:
    """Return whether doubled capitals are `following`: EE. UU., FF. AA., plurals in Spanish."""
    there = line.from_(following, 3)
    doubled: Bools = IS_LARGE[there[0]] & (there[0] == there[1]) & (there[2] == STOP)
    return doubled


def _are_foreign(line: LetterLine, starts: Positions, ends: Positions) -> Bools:
    """Return whether words whose last letter is not ASCII are abbreviations; those of years are not, after a date."""
    stretches = zip(starts.tolist(), ends.tolist(), strict=True)
    words = [line.corpus.text(start, end).lstrip(OPENERS).lower() for start, end in stretches]
    last = line.before(starts)[1]
    dated = IS_DIGIT[last] | IS_LARGE[last]  # 1999 or XIX
    return np.array(
        [
            word in FOREIGN or (word in AFTER_DATES and not date)
            for word, date in zip(words, dated.tolist(), strict=True)
        ],
        bool,
    )


def _without_openers(before: Bytes, length: Positions) -> Positions:
    """Return the lengths of the words without the quotes and brackets that open them."""
    length, opened = length.copy(), np.arange(len(length))
    for _ in range(NEAR):
        opened = opened[OPENS[before[length[opened] - 1, opened]]]
        length[opened] -= 1
        opened = opened[length[opened] > 0]
    return length


def _words(before: Bytes, outside: Bools) -> Positions:
    """Return the keys of the words, of which `before` has the letters from the last to the first."""
    letters = np.where(outside, 0, LOWER.take(before))
    return np.ascontiguousarray(letters.T).view("<u8").ravel()


def _initials(before: Bytes, length: Positions, outside: Bools) -> Bools:
    """Return whether the words are single letters with full stops between; one alone is to be a capital."""
    expected = np.where(column(NEAR, length) % 2 == 0, IS_LETTER.take(before), before == STOP)
    are_initials: Bools = (expected | outside).all(axis=0) & (length % 2 == 1) & ((length > 1) | IS_LARGE[before[0]])
    return are_initials


def _number(before: Bytes, length: Positions, outside: Bools) -> Bools:
    """Return whether the words are digits only."""
    are_digits: Bools = (IS_DIGIT.take(before) | outside).all(axis=0) & (length > 0)
    return are_digits


def _are_ordinals(line: LetterLine, starts: Positions, following: Positions, length: Positions) -> Bools:
    """Return whether numbers of `length` digits are German ordinals, by the word before them or the one `following`."""
    is_led, before = OPENS[line.letters[starts]], line.before(starts)[1:]  # after the white space
    letters = IS_LETTER.take(before)
    size = np.where(letters.all(axis=0), NEAR, np.argmin(letters, axis=0))
    words = _words(before, column(NEAR, size) >= size)
    is_led |= among(words, _BEFORE_ORDINAL_KEYS)
    return (among(_next_words(line, following), _ORDINAL_KEYS) | is_led) & (length <= _DAY)


def _next_words(line: LetterLine, following: Positions) -> Positions:
    """Return the keys of the words that are `following`, of which the first letters count."""
    there = line.from_(following, NEAR)
    inside = np.logical_and.accumulate(IS_LETTER.take(there), axis=0)
    keys: Positions = np.ascontiguousarray(np.where(inside, there, 0).T).view("<u8").ravel()
    return keys


def _are_paired_letters(line: LetterLine, before: Bytes, following: Positions) -> Bools:
    """Return whether single letters are one half of an abbreviation of two: `z. B.`, `d. h.`."""
    there = line.from_(following, 2)
    first = among(_pair_keys(before[0], there[0]), _PAIR_KEYS) & (there[1] == STOP)
    second = among(_pair_keys(before[3], before[0]), _PAIR_KEYS) & (before[2] == STOP) & BLANK[before[1]]
    christ = among(_next_words(line, following), _CHRIST_KEYS)  # n. Chr.
    are_paired: Bools = first | (second & ~IS_LETTER[before[4]]) | christ
    return are_paired


def _pair_keys(first: Bytes, second: Bytes) -> Positions:
    return LOWER[first].astype(np.int64) << 8 | second


def _after_markers(line: LetterLine, firsts: Positions) -> Positions:
    """Return the first places on lines that begin with a mark of Markdown."""
    letters = line.letters[firsts]
    marked = IS_MARK[letters]
    rows = np.flatnonzero(MAY_MARK[letters])
    there = line.from_(firsts[rows], _LONGEST_NUMBER + 2)
    digits = np.argmin(IS_DIGIT.take(there), axis=0)
    each = np.arange(len(rows))
    listed = (
        (digits > 0)
        & AFTER_NUMBER[there[digits, each]]
        & AFTER_MARK[there[np.minimum(digits, _LONGEST_NUMBER) + 1, each]]
    )
    fenced = (digits == 0) & (there[:3] == there[0]).all(axis=0)
    marked[rows] = (listed & (digits <= _LONGEST_NUMBER)) | fenced
    return firsts[marked]


def _after_headings(line: LetterLine, firsts: Positions, line_starts: Positions) -> Positions:
    """Return where the line after each heading starts."""
    places = firsts[line.letters[firsts] == ord("#")]
    there = line.from_(places, 7)
    level = np.argmin(there == ord("#"), axis=0)
    places = places[(level > 0) & AFTER_MARK[there[level, np.arange(len(places))]]]
    index = np.searchsorted(line_starts, places, side="right")
    places, index = places[index < len(line_starts)], index[index < len(line_starts)]
    following: Positions = line_starts[index]
    return np.extract(following < line.limits(places), following)
