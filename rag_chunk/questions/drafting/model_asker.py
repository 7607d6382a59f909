"""`ModelAsker`: asks a model, counts what that takes, and stops before it takes too much."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag_chunk.questions.drafting.prompts import Message, ModelAnswer, Reply, parse_reply, schema_of

Ask = Callable[[Sequence[Message], Mapping[str, Any]], ModelAnswer]
Estimate = Callable[[Sequence[Message]], int]  # the tokens of a request with its answer; 0 where that is kept


class TokensUsedUp(Exception):
    """The next answer could take more tokens than may be used."""


class ModelAsker:
    """A model, with the tokens that its answers took, how many answers were new, and how many were kept from before."""

    def __init__(self, ask: Ask, estimate: Estimate, max_tokens: int | None = None) -> None:
        """Ask by `ask`. Without `max_tokens` there is no limit."""
        self._ask, self._estimate, self._max_tokens = ask, estimate, max_tokens
        self._answers: dict[str, ModelAnswer] = {}
        self.tokens = 0
        self.new = 0
        self.kept = 0

    def ask(self, reply: type[Reply], messages: Sequence[Message]) -> tuple[Reply | None, str]:
        """Return the reply, or None where the answer is no such JSON, and the day of the answer.

        Raise `TokensUsedUp` before more tokens are used than may be.
        """
        question = messages[-1]["content"]
        if question not in self._answers:
            self._answers[question] = self._request(reply, messages)
        answer = self._answers[question]
        return parse_reply(reply, answer.text), answer.day

    def _request(self, reply: type[Reply], messages: Sequence[Message]) -> ModelAnswer:
        more = self._estimate(messages)
        if self._max_tokens is not None and more and self.tokens + more > self._max_tokens:
            raise TokensUsedUp
        answer = self._ask(messages, schema_of(reply))
        if answer.is_kept:
            self.kept += 1
        else:
            self.new += 1
            self.tokens += answer.tokens
        return answer
