// Functions on text, LIKE and regular expressions.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

TEST(Strings, Lengths) {
  check_cases({
      {"length", {"text äöü"}, "3"},
      {"length", {"text "}, "0"},
      {"char_length", {"text 日本語"}, "3"},
      {"octet_length", {"text äöü"}, "6"},
      {"bit_length", {"text ab"}, "16"},
      {"length", {"bpchar(5) ab"}, "2"},
      {"octet_length", {"bpchar(5) ab"}, "5"},
  });
}

TEST(Strings, Case) {
  check_cases({
      {"lower", {"text ÄbC"}, "äbc"},
      {"upper", {"text straße é"}, "STRASSE É"},
      {"initcap", {"text hello wORLD-again élan"}, "Hello World-Again Élan"},
  });
}

TEST(Strings, Parts) {
  check_cases({
      {"substring", {"text hello", "int4 2"}, "ello"},
      {"substring", {"text hello", "int4 -1", "int4 3"}, "h"},
      {"substr", {"text hello", "int4 2", "int4 3"}, "ell"},
      {"substr", {"text hello", "int4 10"}, ""},
      {"substr", {"text hello", "int4 2147483647", "int4 2147483647"}, ""},
      {"substring", {"text hello", "int4 1", "int4 -1"}, "! negative substring length not allowed"},
      {"substring", {"text äöüß", "int4 2", "int4 2"}, "öü"},
      {"left", {"text abcde", "int4 -2"}, "abc"},
      {"left", {"text abcde", "int4 2"}, "ab"},
      {"left", {"text abcde", "int4 -7"}, ""},
      {"right", {"text abcde", "int4 2"}, "de"},
      {"right", {"text abcde", "int4 -2"}, "cde"},
      {"right", {"text abcde", "int4 -2147483648"}, ""},
      {"split_part", {"text a,b,c", "text ,", "int4 2"}, "b"},
      {"split_part", {"text a,b,c", "text ,", "int4 4"}, ""},
      {"split_part", {"text a,b", "text ", "int4 1"}, "a,b"},
      {"split_part", {"text a", "text ,", "int4 0"}, "! field position must be greater than zero"},
      {"btrim", {"text  xx "}, "xx"},
      {"btrim", {"text xyabcyx", "text xy"}, "abc"},
      {"ltrim", {"text äab", "text ä"}, "ab"},
      {"rtrim", {"text abää", "text ä"}, "ab"},
  });
}

TEST(Strings, SearchAndReplace) {
  check_cases({
      {"strpos", {"text hello", "text l"}, "3"},
      {"strpos", {"text äöü", "text ü"}, "3"},
      {"strpos", {"text abc", "text "}, "1"},
      {"position", {"text z", "text abc"}, "0"},
      {"starts_with", {"text abc", "text ab"}, "t"},
      {"replace", {"text abcabc", "text b", "text XX"}, "aXXcaXXc"},
      {"replace", {"text abc", "text ", "text x"}, "abc"},
      {"translate", {"text 12345", "text 143", "text ax"}, "a2x5"},
  });
}

TEST(Strings, Building) {
  check_cases({
      {"||", {"text a", "text b"}, "ab"},
      {"||", {"text a", "bool t"}, "atrue"},
      {"||", {"int4 1", "text b"}, "1b"},
      {"||", {"NULL text", "text b"}, "NULL"},
      {"concat", {"text a", "NULL text", "bool t", "int4 5"}, "at5"},
      {"concat", {}, ""},
      {"concat_ws", {"text ,", "text a", "NULL text", "int4 5"}, "a,5"},
      {"concat_ws", {"NULL text", "text a"}, "NULL"},
      {"concat_ws", {"text ,", "NULL text", "text b"}, "b"},
      {"repeat", {"text ab", "int4 3"}, "ababab"},
      {"repeat", {"text ab", "int4 -3"}, ""},
      {"repeat", {"text abcd", "int4 2147483647"}, "! requested length too large"},
      {"reverse", {"text aöb"}, "böa"},
      {"lpad", {"text abc", "int4 6", "text xy"}, "xyxabc"},
      {"lpad", {"text abc", "int4 2"}, "ab"},
      {"lpad", {"text abc", "int4 5", "text "}, "abc"},
      {"lpad", {"text abc", "int4 -1"}, "! length must be nonnegative"},
      {"ascii", {"text äx"}, "228"},
      {"ascii", {"text "}, "0"},
      {"chr", {"int4 228"}, "ä"},
      {"chr", {"int4 0"}, "! null character not permitted"},
      {"chr", {"int4 1114112"}, "! requested character too large for encoding: 1114112"},
      {"chr", {"int4 55296"}, "! requested character not valid for encoding: 55296"},
      {"quote_ident", {"text abc"}, "abc"},
      {"quote_ident", {"text Ab\"c"}, "\"Ab\"\"c\""},
      {"constant_time_eq", {"text a", "text a"}, "t"},
      {"constant_time_eq", {"bytea \\x61", "bytea \\x62"}, "f"},
  });
}

TEST(Patterns, Like) {
  check_cases({
      {"~~", {"text hello", "text h%o"}, "t"},
      {"~~", {"text hello", "text hell"}, "f"},
      {"~~", {"text hello", "text _ell_"}, "t"},
      {"~~", {"text hällo", "text h_llo"}, "t"},
      {"~~", {"text abcabc", "text %bc"}, "t"},
      {"~~", {"text abcabd", "text %bc"}, "f"},
      {"~~", {"text aXbXc", "text a%X_"}, "t"},
      {"~~", {"text abc", "text %%%"}, "t"},
      {"~~", {"text ", "text %"}, "t"},
      {"~~", {"text ", "text _"}, "f"},
      {"~~", {"text a%b", "text a\\%b"}, "t"},
      {"~~", {"text axb", "text a\\%b"}, "f"},
      {"~~", {"text abab", "text %ab"}, "t"},
      {"~~", {"text ab", "text ab%ab"}, "f"},
      {"~~", {"text aab", "text a%_b"}, "t"},
      {"~~", {"text xäy", "text %_y"}, "t"},
      {"~~", {"text abc", "text abc\\"}, "! unterminated escape sequence in LIKE"},
      {"!~~", {"text abc", "text b%"}, "t"},
      {"~~*", {"text HeLLo", "text %ELl%"}, "t"},
      {"~~*", {"text ÄB", "text äb"}, "t"},
      {"!~~*", {"text ABC", "text abc"}, "f"},
      {"~~", {"bpchar(5) ab", "text ab"}, "t"},
      {"like_escape", {"text a!%b", "text !"}, "a\\%b"},
      {"like_escape", {"text a\\b", "text !"}, "a\\\\b"},
      {"like_escape", {"text ab", "text xy"}, "! invalid escape string"},
      {"like_escape", {"text ab!", "text !"}, "! unterminated escape sequence in LIKE"},
  });
}

TEST(Patterns, Regex) {
  check_cases({
      {"~", {"text abc123", "text [a-c]+\\d+"}, "t"},
      {"~", {"text abc", "text ^b"}, "f"},
      {"!~", {"text abc", "text ^b"}, "t"},
      {"~*", {"text ABC", "text b"}, "t"},
      {"!~*", {"text ABC", "text b"}, "f"},
      {"~", {"text ٣", "text ^\\d$"}, "t"},
      {"~", {"text é", "text ^[\\w]$"}, "t"},
      {"~", {"text ]", "text []]"}, "t"},
      {"~", {"text abc", "text (?i)B"}, "t"},
      {"regexp_match", {"text foobarbeque", "text (bar)(beque)"}, "{bar,beque}"},
      {"regexp_match", {"text foobar", "text o+"}, "{oo}"},
      {"regexp_match", {"text foobar", "text x"}, "NULL"},
      {"regexp_match", {"text FOO", "text o(x)?", "text i"}, "{NULL}"},
      {"regexp_match", {"text a", "text a", "text x"}, "! invalid regular expression flag: x"},
      {"regexp_replace", {"text foobar", "text o", "text 0"}, "f0obar"},
      {"regexp_replace", {"text foobar", "text o", "text 0", "text g"}, "f00bar"},
      {"regexp_replace", {"text foobar", "text (o)(b)", "text <${2}$1$$>"}, "fo<bo$>ar"},
      {"regexp_replace",
       {"text john smith", "text (?P<first>\\w+) (\\w+)", "text $2 $first"},
       "smith john"},
      {"regexp_replace", {"text abc", "text x*", "text -", "text g"}, "-a-b-c-"},
      {"regexp_split_to_array", {"text a, b,c", "text ,\\s*"}, "{a,b,c}"},
      {"regexp_split_to_array", {"text abc", "text "}, "{a,b,c}"},
      {"regexp_split_to_array", {"text xaxbx", "text X", "text i"}, "{\"\",a,b,\"\"}"},
  });
  std::string bad = answer(call_of("~", {argument("text a"), argument("text (")}));
  EXPECT_TRUE(bad.starts_with("! invalid regular expression: regex parse error: ")) << bad;
}

}  // namespace
}  // namespace penstock::expr
