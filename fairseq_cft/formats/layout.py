"""Indents C++ for people, where the data has none."""

from .line_format import INDENT
from .tokenizer import Kind, Token, tokenize


def indented(source: str) -> str:
    r"""The source with each line indented by the braces that are open at its start.

    Source in which some line is indented already is given back as it is. Only blanks at the start of lines change:
    lines stay lines, and what a raw string or a comment over several lines holds stays untouched. Never fails.

    >>> indented("int main ( ) {\nreturn 0 ;\n}\n")
    'int main ( ) {\n  return 0 ;\n}\n'
    """
    if any(line[:1] in (" ", "\t") for line in source.split("\n")):
        return source
    made, depth, start = [], 0, 0
    tokens: list[Token] = []
    for token in [*tokenize(source, layout=True), Token(Kind.NEWLINE, "\n", len(source))]:
        if token.kind is not Kind.NEWLINE:
            tokens.append(token)
            continue
        words = [each.text for each in tokens]  # a brace in a literal or a comment is no word of its own
        closing = next((index for index, word in enumerate(words) if word != "}"), len(words))
        text = source[start : token.start]
        made.append(INDENT * max(0, depth - closing) + text if text else "")
        depth = max(0, depth + words.count("{") - words.count("}"))
        tokens, start = [], token.start + 1
    return "\n".join(made)
