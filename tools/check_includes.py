#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does every file include the standard headers it uses?

Common headers are precompiled (cmake/Precompiled.cmake), so the compiler no longer misses them. A name
counts as included when its header is included by the file itself or by a header of ours that it
includes, near or far. Only the precompiled headers are looked at: the compiler sees to the others.
"""
import functools
import os
import pathlib
import re
import sys

USED = {  # header: what is used of it
    "algorithm": r"std::(?:ranges::\w+|(?:stable_|partial_)?sort|nth_element|min|max|clamp|fill(?:_n)?|copy"
                 r"(?:_n|_if|_backward)?|find(?:_if|_if_not|_first_of)?|(?:any|all|none)_of|count(?:_if)?|"
                 r"(?:lower|upper)_bound|reverse|unique|remove(?:_if)|equal(?:_range)?|is_sorted|"
                 r"(?:max|min)_element|minmax(?:_element)?|transform|(?:push|pop|make|sort)_heap|"
                 r"binary_search|includes|for_each|generate|merge|rotate|shuffle|mismatch|partition)\(",
    "array": r"std::array\b",
    "cmath": r"std::(?:sqrt|exp|log|log1p|log2|expm1|pow|abs|tanh|isnan|isfinite|isinf|floor|ceil|l?l?round"
             r"|fmod|lgamma|erf|hypot|nextafter|nearbyint|cos|sin)\(",
    "cstdint": r"\bu?int(?:8|16|32|64)_t\b",
    "filesystem": r"std::filesystem\b",
    "functional": r"std::(?:function|hash|greater|less|plus|reference_wrapper|ref|cref|invoke)\b",
    "limits": r"std::numeric_limits\b",
    "map": r"std::(?:multi)?map\b",
    "memory": r"std::(?:unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared|enable_shared_from_this)\b",
    "numeric": r"std::(?:accumulate|iota|partial_sum|inner_product|transform_reduce|reduce|gcd|lcm|"
               r"exclusive_scan|inclusive_scan)\(",
    "optional": r"std::(?:optional|nullopt|make_optional)\b",
    "set": r"std::(?:multi)?set\b",
    "span": r"std::span\b",
    "sstream": r"std::[io]?stringstream\b",
    "string": r"std::(?:string|to_string|getline|stoi|stoll|stod)\b",
    "string_view": r"std::string_view\b",
    "utility": r"std::(?:pair|exchange|swap|as_const|in_place|piecewise_construct)\b",
    "vector": r"std::vector\b",
    "fmt/format.h": r"\bfmt::",
    "gtest/gtest.h": r"^(?:TEST|TEST_P|TEST_F)\(|\b(?:EXPECT|ASSERT)_[A-Z]+\(",
}
# What other headers of the library promise to bring along.
BROUGHT = {"string": ["string_view"], "fmt/format.h": ["string"], "map": ["utility"],
           "unordered_map": ["utility"], "span": ["array"], "sstream": ["string"]}
ROOTS = ["src", "tests"]
INCLUDE = re.compile(r'^#\s*include\s*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


@functools.cache
def includes_of(path):
    """Standard headers and headers of ours that the file names itself."""
    standard, ours = set(), []
    for kind, name in INCLUDE.findall(path.read_text()):
        if kind == "<":
            standard |= {name, *BROUGHT.get(name, [])}
        else:
            found = [p for p in [path.parent / name, *(pathlib.Path(r) / name for r in ROOTS)] if p.is_file()]
            ours += found[:1]
    return standard, ours


def included(path):
    seen, headers, todo = set(), set(), [path]
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        standard, ours = includes_of(file)
        headers |= standard
        todo += ours
    return headers


def main():
    os.chdir(pathlib.Path(__file__).parent.parent)
    complaints = []
    files = [f for root in ROOTS for f in sorted(pathlib.Path(root).rglob("*")) if f.suffix in (".h", ".cpp")]
    for file in files:
        if file.name.endswith("-inl.h"):  # parts of the file that includes them
            continue
        text, headers = COMMENT.sub("", file.read_text()), included(file)
        for header, pattern in USED.items():
            use = re.search(pattern, text, re.M)
            if use and header not in headers:
                complaints.append(f"{file}: uses {use.group(0).strip()} without #include <{header}>")
    for line in complaints:
        print(f"check_includes: {line}", file=sys.stderr)
    print(f"check_includes: {len(files)} files, {len(complaints)} complaints")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
