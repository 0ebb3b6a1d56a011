#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes python/truenext/_native.py from include/truenext/truenext.h.

With --check nothing is written; the exit status is 1 when the file is not what the header says (house.ctypes).
Understood is what the header is written in: one declaration a statement, #define of numbers, enums with values,
structs of pointers, numbers and function pointers, functions marked TRUENEXT_API.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).parents[1]
HEADER = TOP / "include" / "truenext" / "truenext.h"
OUTPUT = TOP / "python" / "truenext" / "_native.py"

NUMBERS = {"int": "c_int", "uint32_t": "c_uint32", "int32_t": "c_int32", "int64_t": "c_int64", "float": "c_float",
           "double": "c_double"}
HANDLES = {"truenext_model", "truenext_lists", "truenext_dataset"}
HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""Types and functions of include/truenext/truenext.h. Made by tools/generate_ctypes.py; do not edit."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_uint32, c_void_p

'''


def plain_text(text: str) -> str:
    """The header without comments and the lines of the preprocessor that are no #define."""
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def type_of(words: str, place: str) -> str:
    """The ctypes type of a C type as it stands in a struct, as an argument or as a result (`place`)."""
    stars = words.count("*")
    base = re.sub(r"\b(const|struct)\b|\*", "", words).split()[0]
    if base == "void":
        return "None" if stars == 0 else "c_void_p"
    if base == "char":
        # Memory that somebody must free, or that holds zero bytes, is an address.
        text = stars == 1 and "const" in words and place != "struct"
        return "c_char_p" if text else "c_void_p" if stars == 1 else "POINTER(c_void_p)"
    name = NUMBERS.get(base, base)
    if base in HANDLES:
        name, stars = "c_void_p", stars - 1
    for _ in range(stars):
        name = f"POINTER({name})"
    return name


def split_declaration(text: str) -> tuple[str, str]:
    """Type and name of "const char* bytes"."""
    match = re.fullmatch(r"(.*?[\s*])(\w+)", text.strip(), re.S)
    if match is None:
        raise SystemExit(f"{HEADER}: cannot read \"{text}\"")
    return match.group(1), match.group(2)


def callback_type(result: str, arguments: str) -> str:
    types = [type_of(result, "result")]
    for argument in arguments.split(","):
        # A struct that points to itself cannot name itself yet.
        itself = "struct" in argument
        types.append("c_void_p" if itself else type_of(argument, "argument"))
    return f"CFUNCTYPE({', '.join(types)})"


def fields_of(body: str, struct: str):
    for field in filter(None, (part.strip() for part in body.split(";"))):
        call = re.fullmatch(r"(.+?)\(\*(\w+)\)\((.*)\)", field, re.S)
        if call:
            yield call.group(2), callback_type(call.group(1), call.group(3))
            continue
        words, name = split_declaration(field)
        itself = re.search(rf"\b{struct}\b", words) is not None
        yield name, "c_void_p" if itself else type_of(words, "struct")


def constants(text: str):
    for name, value in re.findall(r"^#define ((?:TRUENEXT|ARROW_FLAG)_\w+) (\d+)[ \t]*$", text, re.M):
        yield f"{name} = {value}"
    for body in re.findall(r"enum \w+ \{(.*?)\}", text, re.S):
        for name, value in re.findall(r"(\w+) = (\d+)", body):
            yield f"{name} = {value}"


def structs(text: str):
    for name, body in re.findall(r"^(?:typedef )?struct (\w+) \{(.*?)\}", text, re.S | re.M):
        calls, lines = [], []
        for field, kind in fields_of(body, name):
            if kind.startswith("CFUNCTYPE"):  # a name, so that callers can make one
                calls.append(f"{name}_{field} = {kind}\n")
                kind = f"{name}_{field}"
            lines.append(f'        ("{field}", {kind}),')
        if calls:
            yield "".join(calls)
        yield f"class {name}(Structure):\n    _fields_ = [\n" + "\n".join(lines) + "\n    ]\n"


def functions(text: str):
    for declaration in re.findall(r"TRUENEXT_API ([^;#]+?);", text):
        head, arguments = re.fullmatch(r"(.*?)\((.*)\)", declaration, re.S).groups()
        result, name = split_declaration(head)
        kinds = []
        for argument in arguments.split(","):
            if argument.strip() != "void":
                kinds.append(type_of(split_declaration(argument)[0], "argument"))
        yield f"    library.{name}.argtypes = [{', '.join(kinds)}]"
        yield f"    library.{name}.restype = {type_of(result, 'result')}"


def generated() -> str:
    text = plain_text(HEADER.read_text(encoding="utf-8"))
    parts = ["\n".join(constants(text)), "\n\n" + "\n\n".join(structs(text))]
    declare = '\n\ndef declare(library: ctypes.CDLL) -> None:\n    """Says what the functions take and return."""\n'
    return HEAD + "\n".join(parts) + declare + "\n".join(functions(text)) + "\n"


def main() -> int:
    text = generated()
    if "--check" in sys.argv[1:]:
        if OUTPUT.is_file() and OUTPUT.read_text(encoding="utf-8") == text:
            return 0
        print(f"{OUTPUT.relative_to(TOP)} is not what {HEADER.relative_to(TOP)} says: run tools/generate_ctypes.py",
              file=sys.stderr)
        return 1
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
