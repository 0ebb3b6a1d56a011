// SPDX-License-Identifier: Apache-2.0
#include "data/readers/python_literal.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace truenext {
namespace {

/// The value in one spelling: <text>, number, name, [..] and {<key>:..}.
void write(PythonLiteral& literal, std::string& out) {
  using Kind = PythonLiteral::Kind;
  switch (literal.kind()) {
    case Kind::text:
      out += "<" + std::string(literal.text()) + ">";
      break;
    case Kind::number:
      out += literal.number();
      break;
    case Kind::name:
      out += literal.name();
      break;
    case Kind::list:
      out += '[';
      literal.list([&] {
        write(literal, out);
        out += ';';
      });
      out += ']';
      break;
    case Kind::dict:
      out += '{';
      literal.dict([&](std::string_view key) {
        out += "<" + std::string(key) + ">:";
        write(literal, out);
        out += ';';
      });
      out += '}';
      break;
  }
}

std::string read(std::string_view line) {
  PythonLiteral literal(line);
  std::string out;
  write(literal, out);
  literal.end();
  return out;
}

/// What is wrong with the line; the same whether its values are taken or passed over.
std::string problem(std::string_view line) {
  const auto message = [](const auto& body) -> std::string {
    try {
      body();
    } catch (const PythonLiteralError& error) {
      return error.what();
    }
    return "";
  };
  const std::string taken = message([&] { read(line); });
  const std::string passed = message([&] {
    PythonLiteral literal(line);
    literal.skip();
    literal.end();
  });
  EXPECT_EQ(taken, passed) << line;
  return taken;
}

TEST(PythonLiteral, Texts) {
  EXPECT_EQ(read("'a'"), "<a>");
  EXPECT_EQ(read("\"it's\""), "<it's>");
  EXPECT_EQ(read("'say \"hi\"'"), "<say \"hi\">");
  EXPECT_EQ(read("u'a'"), "<a>");
  EXPECT_EQ(read("U\"a\""), "<a>");
  EXPECT_EQ(read("b'a'"), "<a>");
  EXPECT_EQ(read("''"), "<>");
  EXPECT_EQ(read(" \t'caf\xc3\xa9 \xe9' "), "<caf\xc3\xa9 \xe9>");
  EXPECT_EQ(read(std::string_view("'\0'", 3)), std::string("<\0>", 3));
}

// What Python 3 prints for print(...) of the same, in UTF-8.
TEST(PythonLiteral, Escapes) {
  EXPECT_EQ(read(R"('it\'s \"so\" \\n')"), R"(<it's "so" \n>)");
  EXPECT_EQ(read(R"('\a\b\f\n\r\t\v')"), "<\a\b\f\n\r\t\v>");
  EXPECT_EQ(read(R"('\x41\xe9\u20ac\U0001f600')"), "<A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>");
  EXPECT_EQ(read(R"('\7\101\1019\377')"), "<\aAA9\xc3\xbf>");
  EXPECT_EQ(read(R"(b'\xe9\377\u20ac')"), "<\xe9\xff\\u20ac>");
  EXPECT_EQ(read(R"('\d\N{BULLET}\ ')"), R"(<\d\N{BULLET}\ >)");
  EXPECT_EQ(read(R"("\ud83d\ude00 \ud83d \ud83d\u0041")"),
            "<\xf0\x9f\x98\x80 \xed\xa0\xbd \xed\xa0\xbd"
            "A>");
  EXPECT_EQ(read(R"("a\/b")"), "<a/b>");
}

TEST(PythonLiteral, NumbersAndNames) {
  EXPECT_EQ(read("[0, -17, 3.50, 1e+20, .5, 1., 76561197970982479, 12L]"),
            "[0;-17;3.50;1e+20;.5;1.;76561197970982479;12;]");
  EXPECT_EQ(read("[True, False, None, true, false, null]"), "[True;False;None;True;False;None;]");
}

TEST(PythonLiteral, ListsAndDicts) {
  EXPECT_EQ(read("[]"), "[]");
  EXPECT_EQ(read("{ }"), "{}");
  EXPECT_EQ(read("['a' ,[ 1,],{}]"), "[<a>;[1;];{};]");
  EXPECT_EQ(read("{'a': [{u'b' : None, \"c\":1}], 'd': '}',}"),
            "{<a>:[{<b>:None;<c>:1;};];<d>:<}>;}");
}

TEST(PythonLiteral, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(problem("{'a': 'b"), "column 7: the text is not closed");
  EXPECT_EQ(problem("'a\\"), "column 1: the text is not closed");
  EXPECT_EQ(problem("'a\\'"), "column 1: the text is not closed");
  EXPECT_EQ(problem("'a\""), "column 1: the text is not closed");
  EXPECT_EQ(problem(R"('\x4')"), "column 5: want a hexadecimal digit");
  EXPECT_EQ(problem(R"('\U00110000')"), "column 12: a character beyond Unicode");
  EXPECT_EQ(problem("[1, 2"), "column 6: the line ends, want \"]\"");
  EXPECT_EQ(problem("[1 2]"), "column 4: want \",\" or \"]\"");
  EXPECT_EQ(problem("[1}"), "column 3: want \",\" or \"]\"");
  EXPECT_EQ(problem("[1,"), "column 4: the line ends, want a value");
  EXPECT_EQ(problem("{'a' 1}"), "column 6: want \":\" behind the key");
  EXPECT_EQ(problem("{1: 2}"), "column 2: want a text");
  EXPECT_EQ(problem("[,]").substr(0, 22), "column 2: want a value");
  EXPECT_EQ(problem("{'a': (1, 2)}").substr(0, 22), "column 7: want a value");
  EXPECT_EQ(problem("").substr(0, 28), "column 1: the line ends, wan");
  EXPECT_EQ(problem("{} {}"), "column 4: more text behind the value");
  EXPECT_EQ(problem("'a' 'b'"), "column 5: more text behind the value");
  for (const char* number : {"-", "1-2", "1e", "1.2.3", "1e999", "--1"}) {
    EXPECT_EQ(problem(number), "column 1: want a number") << number;
  }
  EXPECT_EQ(problem("0x10"), "column 2: more text behind the value");
}

TEST(PythonLiteral, EvaluatesNothing) {
  for (const char* line : {"__import__('os')", "nan", "Truely", "lambda: 1", "r'a'", "f'a'"}) {
    EXPECT_EQ(problem(line), "column 1: want True, False or None") << line;
  }
  EXPECT_EQ(problem("1 + 1"), "column 3: more text behind the value");
  EXPECT_EQ(problem("True()"), "column 5: more text behind the value");
}

TEST(PythonLiteral, LimitsTheDepth) {
  const std::string open(PythonLiteral::kDeepest, '['), close(PythonLiteral::kDeepest, ']');
  EXPECT_EQ(problem(open + close), "");
  EXPECT_EQ(problem("[" + open + close + "]"),
            "column 65: more than 64 lists and dicts in one another");
  EXPECT_EQ(problem(std::string(1'000'000, '[')),
            "column 65: more than 64 lists and dicts in one another");
  std::string wide = "[";  // depth counts what is open, not what was
  for (int i = 0; i < 1000; ++i) wide += "[{}],";
  EXPECT_EQ(problem(wide + "]"), "");
}

// Every start of a good line is broken, and no garbage brings the parser down.
TEST(PythonLiteral, CutAndGarbledLinesAreErrors) {
  const std::string good = R"({'a': u'\u20ac\'', "b": [1.5, -2L, {'c': None}], 'd': b'\x00'})";
  EXPECT_EQ(problem(good), "");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(problem(good.substr(0, size)), "") << size;
  }
  RandomStream random(random_key(7, Purpose::simulate));
  const std::string_view alphabet = "{}[]'\"\\:,ubxUL019.-eTN \xff";
  int broken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string line = good;
    for (uint32_t i = 0, n = 1 + random.below(4); i < n; ++i) {
      line[random.below(static_cast<uint32_t>(line.size()))] =
          alphabet[random.below(static_cast<uint32_t>(alphabet.size()))];
    }
    broken += problem(line).empty() ? 0 : 1;
  }
  EXPECT_GT(broken, 10'000);
  EXPECT_LT(broken, 20'000);
}

}  // namespace
}  // namespace truenext
