"""Random texts of the kinds that break chunkers."""

from hypothesis import strategies as st

FRAGMENTS = (
    "# Heading\n", "## Sub\n\n", "Title\n=====\n", "```python\n# no heading\n\nx = 1\n```\n", "~~~\nopen fence\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", "- item\n  - nested\n\n", "1. one\n2. two\n", "> quote\n", "    code\n",
    "---\nkey: value\n---\n", "<!-- comment -->\n", "<div>\nhtml\n</div>\n", "\n\n", "\r\n", "\r\n\r\n", "\r", "\t", "   ",
    "<|endoftext|>", "A sentence. ", "Another one! ", "e.g. this, 3.14 and J. Smith. ", "word ", "don't I'll ", "12345678 ",
    "https://example.org/a/long/path?with=query&and=more#anchor ", "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
    "漢字仮名交じり文。", "他走了。她来了！", "สวัสดีชาวโลก ", "မြန်မာ", "नमस्ते। क्षत्रिय ", "e\u0301a\u0308 ", " \u0308 ", "👨‍👩‍👧‍👦", "🇫🇷🇩🇪", "👍🏽 ",
    "def a():\n    return 1\n\n", "class B:\n    # about\n    @c\n    def d(self): pass\n", "key:\n  - item\n  - x: 1\n", '{"a": {\n"b": [1,\n2]}}\n',
    "각", "\u1100\u1161\u11a8", "\u0600\u06dd12", "\x00", "\x1c", "\u2028", "\u3000", "\u200d", "ﬁ İß ", "\ud800", "\u0301" * 5,
)  # fmt: skip

texts = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8), st.text(alphabet="ab .\n", max_size=20)), max_size=40
).map("".join)
