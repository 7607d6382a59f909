"""Fewer random cases where each of them takes much of the time that all tests have: every run draws others."""

from hypothesis import settings

FEWER = settings(max_examples=max(1, settings().max_examples * 2 // 5))
