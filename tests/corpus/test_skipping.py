"""What `skip_blocks` leaves out is of the kind, and nothing else is."""

import pytest

from rag_chunk import RunConfig, chunk_text

MODULES = {
    "one line": "import A from 'a'\n",
    "by side effect": 'import "./a.css";\n',
    "several lines": "import {\n  Tabs,\n  TabItem,\n} from '@theme/Tabs';\n",
    "several names": "import React, { useState } from 'react'\nimport * as icons from './icons'\n",
    "an object with a blank line": "export const meta = {\n  title: 'A }',\n\n  order: 3,\n};\n",
    "a function": "export default function Layout({ children }) {\n  return <div>{children}</div>\n}\n",
    "a list after the sign": "export const numbers =\n  [1, 2]\n",
    "names of another module": "export { A, B } from './parts'\n",
    "Windows lines": "import {\r\n  A,\r\n} from 'a'\r\n",
}
PROSE = (
    "import duties are paid at the border, and not by the sender.",
    "export licences take three weeks.",
    "import from 'China' is possible.",
    "export default settings before you move.",
    "export const is a keyword.",
)
IMAGES = {
    "inline": "![x](y.png)",
    "with parentheses and brackets": "![a [b]](y_(1).png 'title')",
    "a linked badge": "[![build](https://a.org/b.svg)](https://a.org/ci)",
    "several badges": "[![a](b)](c)\n[![d](e)][f]\n![g](h){width=50}",
    "a reference": "![][image1]\n\n[image1]: <data:image/png;base64,iVBORw0KGgo>",
    "a reference by its text": "![The Plan]\n\n[the  plan]: plan.png 'Ground floor'",
    "data that nothing refers to": "[image9]: <data:image/png;base64,iVBORw0KGgo>",
}


def left(text: str, kind: str, name: str = "a.md") -> str:
    """Return what is left of a text between a first and a last word."""
    config = RunConfig(strategy="markdown", chunk_size=1000, skip_blocks=(kind,))
    chunks = chunk_text(
        f"{text}\n\nLast." if kind == "front_matter" else f"First.\n\n{text}\n\nLast.", config, name=name
    )
    return "\n\n".join(chunk.text for chunk in chunks)


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_module_statements_are_left_out_whole(text: str) -> None:
    assert left(text, "mdx_imports", "a.mdx") == "First.\n\nLast."


@pytest.mark.parametrize("text", PROSE)
def test_prose_that_begins_like_a_module_statement_stays(text: str) -> None:
    assert text in left(text, "mdx_imports", "a.mdx")


def test_a_statement_that_is_never_closed_takes_nothing_with_it() -> None:
    text = "export const a = {\n\nProse."
    assert "Prose." in left(text, "mdx_imports", "a.mdx")


@pytest.mark.parametrize("text", IMAGES.values(), ids=IMAGES)
def test_images_and_their_definitions_are_left_out(text: str) -> None:
    assert left(text, "images") == "First.\n\nLast."


@pytest.mark.parametrize(
    "text", ["![x](y) and text", "![not defined]", "[a link](b)", "[![x](y)", "[link]: https://a.org"]
)
def test_what_is_more_than_an_image_stays(text: str) -> None:
    assert text in left(text, "images")


@pytest.mark.parametrize(
    "text",
    [
        "```py\nx = 1\n```",
        "    x = 1",
        "- ```py\n  x = 1\n  ```",
        "> ```py\n> x = 1\n> ```",
        "1. a\n\n   > ~~~\n   > x = 1\n   > ~~~",
        "- a\n\n      x = 1",
    ],
)
def test_code_is_left_out_also_in_lists_and_quotes(text: str) -> None:
    assert "x = 1" not in left(text, "code")
    assert left(text, "code").startswith("First.")


@pytest.mark.parametrize(
    "opening",
    ['!!! warning "Before you start"', "??? note", "???+ tip", '=== "Linux"', "[^1]: A note.", "Term\n: What it is."],
)
def test_text_that_is_indented_because_it_belongs_to_the_line_before_is_no_code(opening: str) -> None:
    assert "Stop the service." in left(f"{opening}\n\n    Stop the service.", "code")


def test_an_admonition_in_a_list_is_no_code() -> None:
    assert "Stop the service." in left("- a\n\n  !!! note\n\n      Stop the service.", "code")


@pytest.mark.parametrize("text", ["<!-- a -->", "<!-- a\n\nb -->", "<!-- a --> <!-- b -->"])
def test_comments_are_left_out(text: str) -> None:
    assert left(text, "html_comments") == "First.\n\nLast."


@pytest.mark.parametrize(
    "text", ["<!-- a -->The text.<!-- b -->", "<!-- a --> The text.", "<div>\n<!-- a -->\nThe text.\n</div>"]
)
def test_text_beside_comments_stays(text: str) -> None:
    assert "The text." in left(text, "html_comments")


@pytest.mark.parametrize("text", ["---\na: 1\n---", '+++\na = "---"\n+++'])
def test_front_matter_of_both_kinds_is_left_out(text: str) -> None:
    assert left(text, "front_matter") == "Last."


def test_plus_signs_that_nothing_closes_are_text() -> None:
    assert "a = 1" in left("+++\na = 1", "front_matter")
