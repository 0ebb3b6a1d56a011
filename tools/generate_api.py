#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/python-api.md from the docstrings of python/truenext.

With --check nothing is written; the exit status is 1 when the page is not what the docstrings say (house.api).
Nothing is imported: what is public is read from __all__ and the modules that it comes from.
"""
import ast
import inspect
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).parents[1]
PACKAGE = TOP / "python" / "truenext"
OUTPUT = TOP / "docs" / "python-api.md"
HEAD = """# The Python package: reference

Made from the docstrings by `tools/generate_api.py`. [python.md](python.md) says how the parts go together,
[tutorial.ipynb](tutorial.ipynb) shows them at work.
"""
GROUPS = {
    "Data": ["Dataset"],
    "Training": ["fit", "Run", "Progress", "Event", "Callback", "STOP"],
    "Models and lists": ["Model", "Lists", "ItemId"],
    "Judging": ["evaluate", "Evaluation", "Metric", "compare", "Comparison", "calibrate"],
    "Frames in, frames out": ["Recommender", "Columns", "Table"],
    "Other programs": ["convert", "export"],
    "Errors and versions": ["Error", "UsageError", "DataError", "Interrupted", "InternalError", "show_versions"],
}


def public_names() -> list[str]:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    raise SystemExit(f"{PACKAGE}/__init__.py: no __all__")


def definitions() -> dict[str, tuple[ast.AST, str]]:
    """Everything that stands at the top of a module, by name, with the docstring that belongs to it."""
    found: dict[str, tuple[ast.AST, str]] = {}
    for path in sorted(PACKAGE.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for node, after in zip(body, [*body[1:], None]):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found[node.name] = (node, ast.get_docstring(node) or "")
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                is_text = isinstance(after, ast.Expr) and isinstance(getattr(after.value, "value", None), str)
                if is_text:
                    found[node.targets[0].id] = (node, inspect.cleandoc(after.value.value))
    return found


def signature(node: ast.FunctionDef, name: str) -> str:
    arguments = node.args
    if arguments.args and arguments.args[0].arg in ("self", "cls"):
        arguments.args = arguments.args[1:]
    inside = ast.unparse(arguments)
    result = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    line = f"{name}({inside}){result}"
    if len(line) <= 100:
        return line
    parts = re.split(r", (?![^\[\(]*[\]\)])", inside)
    return f"{name}(\n    " + ",\n    ".join(parts) + f",\n){result}"


def prose(doc: str) -> list[str]:
    """A docstring as Markdown: sections become lists."""
    lines: list[str] = []
    section = ""
    for line in doc.split("\n"):
        title = re.fullmatch(r"(Args|Attributes|Returns|Raises):", line)
        if title:
            section = title.group(1)
            lines.append(f"*{section}*\n")
        elif section and line.startswith("    ") and not line.startswith("     "):
            entry = re.fullmatch(r"    ([\w, ]+): (.*)", line)
            if section == "Returns" or entry is None:
                lines.append(("- " if lines[-1].endswith("*\n") else "  ") + line.strip())
            else:
                names = ", ".join(f"`{name}`" for name in entry.group(1).split(", "))
                lines.append(f"- {names}: {entry.group(2)}")
        elif section and line.startswith("     "):
            lines.append("  " + line.strip())
        else:
            section = section if not line else ""
            lines.append(line)
    return lines


def methods(node: ast.ClassDef, found: dict[str, tuple[ast.AST, str]]) -> list[ast.FunctionDef]:
    """Public ones, and those of bases that are not public, unless the class has its own."""
    own = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    names = {member.name for member in own}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id.startswith("_"):
            own += [m for m in methods(found[base.id][0], found) if m.name not in names]
    return own


def members(node: ast.ClassDef, found: dict[str, tuple[ast.AST, str]]) -> list[str]:
    lines: list[str] = []
    for member in methods(node, found):
        marks = {getattr(mark, "id", "") for mark in member.decorator_list}
        doc = ast.get_docstring(member) or ""
        if "property" in marks:
            kind = ast.unparse(member.returns) if member.returns is not None else ""
            lines += [f"#### `{node.name}.{member.name}`: `{kind}`", "", *prose(doc), ""]
        else:
            lines += [f"#### `{node.name}.{member.name}`", "", "```python"]
            lines += [signature(member, f"{node.name}.{member.name}"), "```", "", *prose(doc), ""]
    return lines


def entry(name: str, found: dict[str, tuple[ast.AST, str]]) -> list[str]:
    node, doc = found[name]
    lines = [f"### `{name}`", ""]
    if isinstance(node, ast.ClassDef):
        begin = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
        made_elsewhere = begin is not None and "made by" in (ast.get_docstring(begin) or "")
        if begin is not None and not made_elsewhere:
            begin.returns = None
            lines += ["```python", signature(begin, name), "```", ""]
        return lines + prose(doc) + [""] + members(node, found)
    if isinstance(node, ast.FunctionDef):
        lines += ["```python", signature(node, name), "```", ""]
    return lines + prose(doc) + [""]


def generated() -> str:
    names, found = public_names(), definitions()
    grouped = [name for group in GROUPS.values() for name in group]
    for name in sorted(set(names) ^ set(grouped)):
        raise SystemExit(f"tools/generate_api.py: {name} is in one of __all__ and GROUPS only")
    lines = [HEAD]
    for title, group in GROUPS.items():
        lines += [f"## {title}", ""]
        for name in group:
            lines += entry(name, found)
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def main() -> int:
    text = generated()
    if "--check" not in sys.argv[1:]:
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if OUTPUT.is_file() and OUTPUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{OUTPUT.relative_to(TOP)} is not what the docstrings say: run tools/generate_api.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
