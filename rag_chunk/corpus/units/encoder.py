"""`Encoder`: makes the tokens of one encoding. tiktoken says what they are, and an accelerator makes them where it may."""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.units.accelerator import Accelerator, load_accelerator
from rag_chunk.corpus.units.encoding import load_encoding
from rag_chunk.corpus.units.surrogates import replace_surrogates

if TYPE_CHECKING:
    import tiktoken


class Encoder:
    """An encoding. Its ranks are loaded when the first text has to be encoded."""

    def __init__(self, name: str) -> None:
        """Load nothing yet."""
        self.name = name
        self.used: set[str] = set()  # which encoders made tokens of documents, with their versions

    def __reduce__(self) -> "tuple[Callable[[str], Encoder], tuple[str]]":
        """Pickle the name alone: another process loads what it needs."""
        return encoder_of, (self.name,)

    @cached_property
    def reference(self) -> "tiktoken.Encoding":
        """The encoding as tiktoken has it."""
        return load_encoding(self.name)

    @cached_property
    def accelerator(self) -> Accelerator | None:
        """What makes the same tokens faster, where it is installed and proven."""
        return load_accelerator(self.name)

    @cached_property
    def _reference_identity(self) -> str:
        """The package of the reference and its version, which takes half a millisecond to look up."""
        from importlib.metadata import version

        return f"tiktoken {version('tiktoken')}"

    def encode(self, text: str) -> Positions:
        """Return the tokens of `text`; for a lone surrogate those of U+FFFD, as tiktoken has it: uint32 [tokens].

        It is noted in `used` which encoder made them.
        """
        if self.accelerator and self.accelerator.covers(text):
            self.used.add(self.accelerator.identity)
            return self.accelerator.encode(text)
        self.used.add(self._reference_identity)
        return self._encode(text)

    def _encode(self, text: str) -> Positions:
        if not text.isascii():
            text = text[:1] + text[1:]  # a copy: Python keeps the UTF-8 of what is handed over as long as that
        try:
            return self.reference.encode_to_numpy(text, disallowed_special=())
        except UnicodeEncodeError:
            return self.reference.encode_to_numpy(replace_surrogates(text), disallowed_special=())

    def splits_after_lines(self) -> bool:
        """Whether the pattern always splits where a line has ended; those of GPT-2 and GPT-3 do not."""
        encode = self.accelerator.encode if self.accelerator else self._encode
        lines, more = encode("\n\n"), encode("\n\na")
        return bool(lines.tolist() == more[:-1].tolist())

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        if self.accelerator and self.accelerator.covers(text):
            return len(self.accelerator.encode(text))
        return len(self.reference.encode_ordinary(text))

    def contents(self) -> list[bytes]:
        """Return what each token is, by its number; nothing for a number without a token."""
        if self.accelerator:
            return self.accelerator.contents()
        return [_content(self.reference, token) for token in range(self.reference.n_vocab)]

    def counts(self, texts: list[str]) -> list[int]:
        """Return the number of tokens of each text; 0 where it is empty, or only tiktoken, not loaded, could tell."""
        if self.accelerator:
            return self.accelerator.counts(texts)
        return [len(self.reference.encode_ordinary(text)) for text in texts]


def _content(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except KeyError:
        return b""


@lru_cache
def encoder_of(name: str) -> Encoder:
    """Return the encoder of an encoding, which all corpora share."""
    return Encoder(name)
