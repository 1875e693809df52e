// Text forms of bytes: vectors, and that nothing has two spellings.
#include "base/text_encoding.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using std::string_view_literals::operator""sv;

// RFC 4648, chapter 10.
TEST(Base64, VectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
  EXPECT_EQ(encode_base64("\xFB\xFF"), "+/8=");
  EXPECT_EQ(encode_base64_url("\xFB\xFF"), "-_8");
  EXPECT_EQ(decode_base64_url("-_8"), "\xFB\xFF");
  EXPECT_EQ(decode_base64_url("Zg"), "f");
}

TEST(Base64, HasOneSpelling) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                          "-_8=", "Zg==Zg==", "Z===", "Zm9vY==="})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  for (const char* bad : {"Z", "Zg==", "Zh", "+/8", "Zm9vY"})
    EXPECT_EQ(decode_base64_url(bad), std::nullopt) << bad;
}

TEST(Hex, IsLowerCase) {
  EXPECT_EQ(encode_hex("\x00\x0F\xA5\xFF"sv), "000fa5ff");
}

TEST(PercentEncode, LeavesTheUnreservedAlone) {
  EXPECT_EQ(percent_encode("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encode("a b+c/d:e=f&g"), "a%20b%2Bc%2Fd%3Ae%3Df%26g");
  EXPECT_EQ(percent_encode("\xC3\xBC"), "%C3%BC");
}

TEST(Utf8, KnowsItsForms) {
  for (const std::string_view good :
       {""sv, "a\0b"sv, "\xC2\x80"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv, "\xEF\xBF\xBF"sv,
        "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv, "a\xE2\x82\xAC z"sv})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xC3"sv, "\xC3("sv, "\xE0\x9F\xBF"sv, "\xE2\x82"sv,
        "\xED\xA0\x80"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv,
        "\xF0\x90\x80"sv, "ok\xFF"sv})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(TextEncoding, HexadecimalGoesBothWays) {
  EXPECT_EQ(decode_hex("00fFa5"), std::string("\0\xff\xa5", 3));
  EXPECT_EQ(decode_hex(""), "");
  for (const char* text : {"0", "0g", "-1", "+1", "0x", " 1"}) {
    EXPECT_EQ(decode_hex(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace penstock
