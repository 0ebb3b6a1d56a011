#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does every file include the standard headers it uses?

Common headers are precompiled (cmake/Precompiled.cmake), so the compiler no longer misses them. A name
counts as included when its header is included by the file itself or by a header of ours that it
includes, near or far. Looked at are the precompiled headers but ATen's, whose users are few; the compiler sees
to all others.
"""
import functools
import pathlib
import re
import sys

from check_floors import includes, sources

USED = {  # header: what is used of it
    "algorithm": r"std::(?:ranges::\w+|(?:stable_|partial_)?sort|nth_element|min|max|clamp|fill(?:_n)?|copy"
                 r"(?:_n|_if|_backward)?|find(?:_if|_if_not|_first_of)?|(?:any|all|none)_of|count(?:_if)?|"
                 r"(?:lower|upper)_bound|reverse|unique|remove_if|equal(?:_range)?|is_sorted|"
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
TOP = pathlib.Path(__file__).parents[1]
ROOTS = [TOP / "src", TOP / "tests"]
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


@functools.cache
def includes_of(path: pathlib.Path):
    """Headers of libraries and headers of ours that the file names itself."""
    libraries, ours = set(), []
    for _, quote, name in includes(path):
        if quote == "<":
            libraries |= {name, *BROUGHT.get(name, [])}
        else:
            ours += [p for p in (path.parent / name, *(root / name for root in ROOTS)) if p.is_file()][:1]
    return libraries, ours


def included(path: pathlib.Path):
    """Headers of libraries that the file or a header of ours below it includes."""
    headers, pending, seen = set(), [path], {path}
    while pending:
        libraries, ours = includes_of(pending.pop())
        headers |= libraries
        pending += set(ours) - seen
        seen |= set(ours)
    return headers


def complaints_of(path: pathlib.Path):
    text, headers = COMMENT.sub("", path.read_text(encoding="utf-8")), included(path)
    for header, pattern in USED.items():
        use = re.search(pattern, text, re.M)
        if use and header not in headers:
            yield f"{path.relative_to(TOP)}: uses {use.group(0).strip()} without #include <{header}>"


def main() -> int:
    script = (TOP / "cmake" / "Precompiled.cmake").read_text(encoding="utf-8")
    always = re.search(r"set\(precompiled_always ([^)]*)\)", script).group(1)
    found = [f"cmake/Precompiled.cmake: <{header}> is not checked, say in tools/check_includes.py what uses it"
             for header in re.findall(r"<([^>]+)>", always) if header not in USED]
    # Files in -inl.h are parts of the file that includes them.
    files = [path for root in ROOTS for path, _ in sources(root) if not path.name.endswith("-inl.h")]
    for path in files:
        found += complaints_of(path)
    if not files:
        found.append("no source files, nothing was checked")
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    print(f"check_includes: {len(files)} files, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
