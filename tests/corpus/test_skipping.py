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
    "a comment behind it": "import A from 'a'; /* why */\n",
    "a comment between two": "export const a = 1\n// why\nexport const b = 2\n",
    "a condition over lines": "export const a = b\n  ? 'c'\n  : 'd'\n",
    "calls over lines": "export const a = b\n  .map(c)\n  .filter(d)\n",
    "a regular expression with a bracket": "export const a = /[(]\\//\n",
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
    "a reference with its title below": "![x]\n\n[x]: y.png\n  'Ground floor'",
    "lines that are broken": "![a](b)\\\n![c](d)",
    "HTML": '<p align="center">\n  <a href="a"><img src="b.png" alt="1 > 0"></a><br/>\n  <!-- c -->\n</p>',
    "HTML in a line": '<a href="a"><img src="b.png"></a> ![c](d)',
    "HTML with sources": '<picture>\n<source srcset="a">\n<img src="b">\n</picture>',
    "as Obsidian embeds it": "![[a.png|300]]",
    "an item": "- ![a](b)",
    "a quote": "> ![a](b)\n> [![c](d)](e)",
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
    "text",
    [
        "![[a note]]",
        "<p>text</p>",
        '<div><img src="x">text</div>',
        "![x](y) and text",
        "![not defined]",
        "[a link](b)",
        "[![x](y)",
        "[link]: https://a.org",
    ],
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
        "!!! note\n\n    ```py\n    x = 1\n    ```",
        "!!! note\n    ~~~\n    x = 1\n    ~~~",
        '=== "Tab"\n\n    ``` py title="a.py"\n    x = 1\n    ```',
        "- a\n\n    !!! note\n\n        ```py\n        x = 1",
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


def test_beside_a_fence_in_an_admonition_the_text_stays() -> None:
    text = "!!! note\n\n    Before.\n\n    ```py\n    x = 1\n    ```\n\n    After."
    assert left(text, "code").split() == ["First.", "!!!", "note", "Before.", "After.", "Last."]


def test_text_that_is_indented_in_mdx_is_no_code() -> None:
    assert "Text." in left("<Tab>\n\n    Text.\n\n</Tab>", "code", "a.mdx")
    assert "Text." not in left("<Tab>\n\n    Text.\n\n</Tab>", "code", "a.md")


@pytest.mark.parametrize("text", ["{/* a */}", "{/* a\n\nb */}", "{/* a */}\n{/* b */}"])
def test_comments_of_mdx_are_left_out(text: str) -> None:
    assert left(text, "html_comments", "a.mdx") == "First.\n\nLast."
    assert text in left(text, "html_comments", "a.md")


@pytest.mark.parametrize(
    "text", ["- a\n\n  <!-- x -->\n\n- b", "> a\n>\n> <!-- x\n> x -->\n> b", "1. a\n   <!-- x -->\n2. b"]
)
def test_comments_in_lists_and_quotes_are_left_out(text: str) -> None:
    parts = left(text, "html_comments").split()
    assert "x" not in parts
    assert {"a", "b"} <= set(parts)


@pytest.mark.parametrize("text", ["<!-- a -->", "<!-- a\n\nb -->", "<!-- a --> <!-- b -->"])
def test_comments_are_left_out(text: str) -> None:
    assert left(text, "html_comments") == "First.\n\nLast."


@pytest.mark.parametrize(
    "text", ["<!-- a -->The text.<!-- b -->", "<!-- a --> The text.", "<div>\n<!-- a -->\nThe text.\n</div>"]
)
def test_text_beside_comments_stays(text: str) -> None:
    assert "The text." in left(text, "html_comments")


FRONT_MATTER = {
    "YAML": "---\na: 1\n---",
    "YAML that ends with dots": "---\na: 1\n...",
    "YAML with a comment first": "---\n# A\n\na: 1\n---",
    "YAML with a rule in a text": "---\na: |\n  ---\n  ----\n---",
    "YAML with a quoted key": "---\n'the key': 1\n---",
    "YAML of a template": "---\n{{ a }}\n---",
    "nothing": "---\n---",
    "TOML": '+++\na = "---"\n+++',
    "JSON": '{\n  "a": {\n    "b": 1\n  }\n}',
}
RULES = {
    "text": "---\nA text: it goes on.\n\n---",
    "a blank line": "---\n\na: 1\n\n---",
    "a heading": "---\n# A\n\nText of it.\n\n---",
    "plus signs that nothing closes": "+++\na: 1",
    "no end": "---\na: 1",
    "no JSON": "{\na: 1\n}",
}


@pytest.mark.parametrize("text", FRONT_MATTER.values(), ids=FRONT_MATTER)
def test_front_matter_of_all_kinds_is_left_out(text: str) -> None:
    assert left(text, "front_matter") == "Last."


@pytest.mark.parametrize("text", RULES.values(), ids=RULES)
def test_text_below_a_rule_is_no_front_matter(text: str) -> None:
    assert left(text, "front_matter").split() == [*text.split(), "Last."]
