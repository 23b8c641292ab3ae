#include "composer/blueprint/document.h"

#include <catch2/catch.hpp>

#include "composer/blueprint/findings.h"
#include "composer/blueprint/source_text.h"

using namespace composer;
using namespace composer::blueprint;

namespace {

struct Parsed {
  Node root;
  std::vector<Problem> problems;
};

Parsed parse(std::string text) {
  Findings findings;
  Parsed parsed;
  parsed.root = read_document(Text(std::move(text), "t.yaml"), findings);
  try {
    findings.throw_if_any();
  } catch (const Error& error) {
    parsed.problems = error.problems();
  }
  return parsed;
}

/// `line:column+length`
std::string place(const Span& at) {
  return std::to_string(at.line) + ":" + std::to_string(at.column) + "+" +
         std::to_string(at.length);
}

/// The one problem of a text: `place message`.
std::string only_problem(std::string text) {
  const Parsed parsed = parse(std::move(text));
  if (parsed.problems.size() != 1) return std::to_string(parsed.problems.size()) + " problems";
  return place(parsed.problems[0].at) + " " + parsed.problems[0].message;
}

}  // namespace

TEST_CASE("scalars are read as text, with their style and place in bytes") {
  const Parsed parsed = parse("é: 4.0 # c\nb: 'it''s'\nc: \"x\\ty\"\nd: |\n  one\n  two\n");
  REQUIRE(parsed.problems.empty());
  REQUIRE(parsed.root.entries.size() == 4);
  const auto& entries = parsed.root.entries;
  CHECK(entries[0].value.text == "4.0");
  CHECK(place(entries[0].key_at) == "1:1+2");
  CHECK(place(entries[0].value.at) == "1:5+3");
  CHECK(entries[0].value.style == Node::Style::plain);
  CHECK(entries[1].value.text == "it's");
  CHECK(place(entries[1].value.at) == "2:4+7");
  CHECK(entries[1].value.style == Node::Style::quoted);
  CHECK(entries[2].value.text == "x\ty");
  CHECK(place(entries[2].value.at) == "3:4+6");
  CHECK(entries[3].value.text == "one\ntwo\n");
  CHECK(entries[3].value.style == Node::Style::block);
  CHECK(place(entries[3].value.at) == "4:4+1");
}

TEST_CASE("a folded scalar is shown by its first line") {
  const Parsed parsed = parse("a: one # not\nb: two\n  three\n");
  CHECK(place(parsed.root.entries[0].value.at) == "1:4+3");
  CHECK(parsed.root.entries[1].value.text == "two three");
  CHECK(place(parsed.root.entries[1].value.at) == "2:4+3");
}

TEST_CASE("a block collection is at its key, a flow collection at its bracket") {
  const Parsed parsed =
      parse("list:\n  - a: 1\n    b: 2\n  -   c: 3\nmap:\n  x: y\nflow: [ {k: v} ]\n");
  const auto& entries = parsed.root.entries;
  CHECK(place(parsed.root.at) == "1:1+4");
  CHECK(place(entries[0].value.at) == "1:1+4");
  CHECK(place(entries[0].value.items[0].at) == "2:5+1");
  CHECK(place(entries[0].value.items[1].at) == "4:7+1");
  CHECK(place(entries[1].value.at) == "5:1+3");
  CHECK(place(entries[2].value.at) == "7:7+1");
  CHECK(place(entries[2].value.items[0].at) == "7:9+1");
}

TEST_CASE("nothing is a value of its own, at its word, key or dash") {
  const Parsed parsed = parse("a: ~\nb:\nc: null\nd:\n  -\n  - x\ne: 'null'\nnull: f\n");
  const auto& entries = parsed.root.entries;
  CHECK(entries[0].value.kind == Node::Kind::nothing);
  CHECK(place(entries[0].value.at) == "1:4+1");
  CHECK(place(entries[1].value.at) == "2:1+1");
  CHECK(place(entries[2].value.at) == "3:4+4");
  CHECK(place(entries[3].value.items[0].at) == "5:3+1");
  CHECK(entries[4].value.text == "null");
}

TEST_CASE("line ends of DOS and a byte order mark do not move anything") {
  const Parsed parsed = parse(
      "\xef\xbb\xbf"
      "a: 1\r\nb: two\r\n");
  REQUIRE(parsed.problems.empty());
  CHECK(place(parsed.root.entries[0].key_at) == "1:1+1");
  CHECK(place(parsed.root.entries[1].value.at) == "2:4+3");
  CHECK(parsed.root.entries[1].value.text == "two");
}

TEST_CASE("a key given twice is reported at the second, and the first holds") {
  const Parsed parsed = parse("a: 1\nb: 2\na: [3]\n");
  REQUIRE(parsed.problems.size() == 1);
  CHECK(parsed.problems[0].message == "'a' is already given on line 1");
  CHECK(place(parsed.problems[0].at) == "3:1+1");
  CHECK(parsed.root.find("a")->text == "1");
  CHECK(parsed.root.entries.size() == 2);
}

TEST_CASE("aliases, anchors, tags and merge keys are refused, each once") {
  CHECK(only_problem("a: &x 1\nb: 2\n") ==
        "1:4+1 anchors ('&name') are no part of the blueprint language");
  CHECK(only_problem("a: &x 1\nb: *x\n") ==
        "2:4+1 aliases ('*name') are no part of the blueprint language");
  CHECK(only_problem("a: &x {k: v}\n<<: *x\nb: 1\n").find("merge keys") != std::string::npos);
  CHECK(only_problem("a: !!str 1\n") ==
        "1:4+1 tags ('!name') other than '!replace', '!remove' and '!merge' are no part of the "
        "blueprint language");
  CHECK(only_problem("a: !x [1]\n") ==
        "1:4+1 tags ('!name') other than '!replace', '!remove' and '!merge' are no part of the "
        "blueprint language");
  CHECK(only_problem("a: ! 1\n") ==
        "1:4+1 tags ('!name') other than '!replace', '!remove' and '!merge' are no part of the "
        "blueprint language");
  CHECK(only_problem("a: \"!x\"\nb: '*y'\nc: '&z'\n") == "0 problems");
}

TEST_CASE("aliases cannot grow the tree") {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string last(1, static_cast<char>(c - 1));
    text += std::string(1, c) + ": &" + c + " [*" + last + ",*" + last + ",*" + last + "]\n";
  }
  const Parsed parsed = parse(text);
  CHECK(parsed.problems.size() == 24);
  CHECK(parsed.root.entries.size() == 9);
}

TEST_CASE("keys are words") {
  CHECK(only_problem("[a]: 1\n") == "1:1+1 a key is one word, not a list, a mapping or nothing");
  CHECK(only_problem("? {a: b}\n: 1\n") ==
        "1:3+1 a key is one word, not a list, a mapping or nothing");
  CHECK(only_problem("? a\n: 1\n") == "0 problems");
  CHECK(only_problem("~: 1\n") == "1:1+1 a key is one word, not a list, a mapping or nothing");
}

TEST_CASE("a value of a refused key is not looked at") {
  CHECK(only_problem("a: 1\na: {b: 1, b: 2, c: !x y}\n").find("already given") !=
        std::string::npos);
}

TEST_CASE("a blueprint is one document") {
  CHECK(only_problem("---\na: 1\n...\n") == "0 problems");
  CHECK(only_problem("%YAML 1.2\n---\na: 1\n") == "0 problems");
  CHECK(only_problem("a: 1\n---\nb: 2\n") ==
        "2:1+3 a second document begins here, and a blueprint is one document");
  CHECK(only_problem("{a: 1} b\n") == "1:8+1 unexpected text after the end of the blueprint");
  CHECK(only_problem("") == "1:1+1 the blueprint is empty");
  CHECK(only_problem("# nothing\n\n") == "1:1+1 the blueprint is empty");
}

TEST_CASE("mistakes in the YAML say how to mend them") {
  CHECK(only_problem("a:\n\tb: 1\n") == "2:1+1 a tab in the indentation");
  CHECK(only_problem("a:\n  b: 1\n\tc: 2\n") == "3:1+1 a tab in the indentation");
  CHECK(only_problem("a: \"b\nc: 1\n") == "1:4+1 this quote is never closed");
  CHECK(only_problem("a: 'it''s\n") == "1:4+1 this quote is never closed");
  CHECK(only_problem("a: [b, c\nd: e\n") == "1:4+1 '[' is never closed");
  CHECK(only_problem("a: {b: [c]\n") == "1:4+1 '{' is never closed");
  CHECK(only_problem("a: b: c\n") == "1:5+1 ':' is not expected here");
  CHECK(only_problem("a:\n   b: 1\n  c: 2\n") ==
        "3:3+1 this line does not continue the mapping above it");
  CHECK(only_problem("a:\n  - b\n  c\n") ==
        "3:3+1 this line does not continue the mapping above it");
  CHECK(only_problem("a: *b\n") == "1:4+1 aliases ('*name') are no part of the blueprint language");
  CHECK(only_problem("a: - b\n") == "1:4+1 '- ' is not expected here");
  CHECK(only_problem("a: @b\n") == "1:4+1 a plain value cannot begin with this character");
  CHECK(only_problem("a: \"\\q\"\n") == "1:5+1 unknown escape in a double-quoted value");
  CHECK(only_problem("a: 1\n}\n") == "2:1+1 this bracket closes nothing");
}

TEST_CASE("a tab that is not indentation is a tab") {
  const Parsed parsed = parse("a: |\n  x\n  \ty\nb: \"c\td\"\n");
  REQUIRE(parsed.problems.empty());
  CHECK(parsed.root.entries[0].value.text == "x\n\ty\n");
}

TEST_CASE("bytes that are no text are refused before they are parsed") {
  CHECK(only_problem("a: \xff\n") == "1:4+1 byte 0xff is not UTF-8");
  CHECK(only_problem("a: \xc3") == "1:4+1 byte 0xc3 is not UTF-8");
  CHECK(only_problem("a: \xc0\x80\n") == "1:4+1 byte 0xc0 is not UTF-8");
  CHECK(only_problem("a: \xe0\x80\x80\n") == "1:4+1 byte 0xe0 is not UTF-8");
  CHECK(only_problem("a: \xed\xa0\x80\n") == "1:4+1 byte 0xed is not UTF-8");
  CHECK(only_problem("a: \xf4\x90\x80\x80\n") == "1:4+1 byte 0xf4 is not UTF-8");
  CHECK(only_problem(std::string("a: \0b\n", 6)) ==
        "1:4+1 control character U+0000 in the blueprint");
  CHECK(only_problem("a: \x1b[31m\n") == "1:4+1 control character U+001B in the blueprint");
  CHECK(only_problem("a: 1\rb: 2\n") == "1:5+1 control character U+000D in the blueprint");
  CHECK(only_problem("a: \xc2\x85\n") == "1:4+2 control character U+0085 in the blueprint");
  CHECK(only_problem("a: \xe2\x80\xae\n").find("invisible character U+202E") != std::string::npos);
  CHECK(only_problem("a: \xf0\x9f\x98\x80\n") == "0 problems");
  CHECK(only_problem(std::string(kLargestBlueprint + 1, ' ')) ==
        "1:1+1 the blueprint is larger than 1024 KiB");
}

TEST_CASE("deep nesting is refused, whatever it is made of") {
  for (const std::string& one : {std::string("["), std::string("{a: "), std::string("- "),
                                 std::string("? "), std::string("[? ")}) {
    CAPTURE(one);
    std::string text;
    while (text.size() < 100'000) text += one;
    const std::string problem = only_problem(text);
    CHECK(problem.find("values nest deeper than 32 levels here") != std::string::npos);
  }
}
