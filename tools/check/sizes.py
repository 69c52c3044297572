"""The ratchets: nothing new grows long, and nothing listed as long grows."""

import re

from tree import Finding, line_of

RATCHET = "tools/ratchet.tsv"
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
HEADER = "# what\tlines\n# Longer than the law allows, and not to grow. `./dev check --ratchet-update` lowers them.\n"


def functions_stay_short(tree):
    yield from _against_ratchet(tree, _function_lines(tree), FUNCTION_LINES_MAX,
                                lambda key: ":" in key, "split it into named steps")


def files_stay_short(tree):
    yield from _against_ratchet(tree, _file_lines(tree), FILE_LINES_MAX,
                                lambda key: ":" not in key, "split it by what a reader looks for")


def update_ratchet(tree):
    """Lowers what shrank and drops what is short now. It never adds or raises: that is a choice."""
    measured = {**_function_lines(tree), **_file_lines(tree)}
    kept = {}
    for key, (_, listed) in _listed(tree).items():
        lines = measured.get(key, (0, 0))[1]
        if lines > (FUNCTION_LINES_MAX if ":" in key else FILE_LINES_MAX):
            kept[key] = min(lines, listed)
    rows = "".join(f"{key}\t{lines}\n" for key, lines in sorted(kept.items()))
    (tree.root / RATCHET).write_text(HEADER + rows, encoding="utf-8")
    return 0


def _against_ratchet(tree, measured, lines_max, is_ours, advice):
    listed = {key: value for key, value in _listed(tree).items() if is_ours(key)}
    for key, (line, lines) in measured.items():
        path = key.split(":")[0]
        allowed = listed.get(key, (0, 0))[1]
        if lines > max(lines_max, allowed):
            yield Finding(path, line, f"{key.split(':', 1)[-1]} has {lines} lines, "
                                      f"{max(lines_max, allowed)} are allowed; {advice}")
    for key, (row, allowed) in listed.items():
        lines = measured.get(key, (0, 0))[1]
        if lines < allowed:
            yield Finding(RATCHET, row, f"{key} shrank from {allowed} to {lines} lines; run "
                                        "./dev check --ratchet-update")


def _listed(tree):
    """{"src/a/b.cc" or "src/a/b.cc:Name::function": (row, lines)}"""
    listed = {}
    for row, text in tree.lines(RATCHET):
        if text.strip() and not text.startswith("#"):
            key, lines = text.split("\t")
            listed[key] = (row, int(lines))
    return listed


def _file_lines(tree):
    return {path: (1, len(tree.text(path).splitlines())) for path in tree.sources()}


def _function_lines(tree):
    measured = {}
    for path in tree.sources():
        for name, line, lines in functions(tree.code(path)):
            key = f"{path}:{name}"
            measured[key] = max(measured.get(key, (0, 0)), (line, lines), key=lambda each: each[1])
    return measured


SCOPE = re.compile(r"\b(?:namespace|class|struct|union|extern)\b(?![^;{]*\()|\bextern\s*$")
NOISE = re.compile(r"\btemplate\s*<[^{};]*?>\s*(?=[\w:\[~]|$)|\balignas\s*\([^)]*\)|\[\[.*?\]\]")
# What may stand right before a body; anything else opens an initializer.
BEFORE_BODY = re.compile(r"(?:[)}]|\b(?:const|noexcept|override|final|try)|&|->[^()]*(?:\([^()]*\)[^()]*)?)\s*$")


def functions(code):
    """(name, first line, number of lines) of each function body, by matching braces.

    A brace at namespace or class level opens a scope, a function, or an initializer (a table),
    as the text before it, back to the last boundary, tells. Bodies are not looked into.
    """
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda match: re.sub(r"[^\n]", " ", match.group()),
                  code, flags=re.MULTILINE)
    start = 0
    position = 0
    while position < len(code):
        character = code[position]
        if character in ";}" or (character == ":" and _is_access_label(code[start:position])):
            start = position + 1
        elif character == "{":
            head = code[start:position]
            name = _function_name(head)
            if name is None and SCOPE.search(head) and "=" not in NOISE.sub("", head):
                start = position + 1
            else:
                end = _matching_brace(code, position)
                if _continues(code, end):  # a member's initializer: b_{b}, c_(c) { ... }
                    position = end + 1
                    continue
                if name:
                    first = line_of(code, start + len(head) - len(head.lstrip()))
                    yield name, first, line_of(code, end) - first + 1
                start = end + 1
                position = end
        position += 1


def _function_name(head):
    """The name before the parameters, or None when `head` opens no function."""
    plain = re.sub(r"\boperator\s*(?:\(\)|[^\s\w(]+)", "operator_", NOISE.sub("", head))
    nested = 1
    while nested:  # Result<std::vector<int>> -> Result
        plain, nested = re.subn(r"<[^<>]*>", "", plain)
    opened = plain.find("(")
    if opened < 0 or plain.count("(") != plain.count(")") or "=" in plain[:opened]:
        return None
    if not BEFORE_BODY.search(plain):
        return None
    named = re.search(r"(~?[\w:~]+)\s*$", plain[:opened])
    return named.group(1) if named else None


def _is_access_label(text):
    return text.strip() in ("public", "private", "protected")


def _continues(code, end):
    return bool(re.match(r"\}\s*[,{]", code[end:end + 200]))


def _matching_brace(code, opened):
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opened):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(code) - 1
