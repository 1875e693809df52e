// Encodings, hashes and message authentication codes; vectors of the algorithms' own papers.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"
#include "expr/seahash.h"

namespace penstock::expr {
namespace {

TEST(Bytes, Encodings) {
  check_cases({
      {"encode", {"bytea \\x00ff61", "text hex"}, "00ff61"},
      {"encode", {"bytea \\x00ff615c", "text escape"}, "\\000\\377a\\\\"},
      {"encode", {"bytea hello", "text base64"}, "aGVsbG8="},
      {"encode", {"bytea a", "text Base64"}, "YQ=="},
      {"encode", {"bytea a", "text x"}, "! invalid encoding name 'x'"},
      {"encode",
       {"bytea 0123456789012345678901234567890123456789012345678901234567890123", "text base64"},
       "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\n"
       "Nzg5MDEyMw=="},
      {"decode", {"text aGVsbG8=", "text base64"}, "\\x68656c6c6f"},
      {"decode", {"text aGVs\nbG8=", "text base64"}, "\\x68656c6c6f"},
      {"decode", {"text aGVsbG8", "text base64"}, "! invalid base64 end sequence"},
      {"decode", {"text =", "text base64"}, "! unexpected \"=\" while decoding base64 sequence"},
      {"decode",
       {"text a@b", "text base64"},
       "! invalid symbol \"@\" found while decoding base64 sequence"},
      {"decode", {"text 0F a0", "text hex"}, "\\x0fa0"},
      {"decode", {"text 0g", "text hex"}, "! invalid hexadecimal digit: \"g\""},
      {"decode", {"text 0", "text hex"}, "! invalid hexadecimal data: odd number of digits"},
      {"decode", {"text a\\000\\\\", "text escape"}, "\\x61005c"},
      {"convert_from", {"bytea \\xc3a4", "text utf8"}, "ä"},
      {"convert_from", {"bytea \\xe4", "text latin1"}, "ä"},
      {"convert_from",
       {"bytea \\x00", "text utf-8"},
       "! invalid byte sequence '0x00' for encoding 'utf-8'"},
      {"convert_from",
       {"bytea \\x61ff", "text utf8"},
       "! invalid byte sequence '0xff' for encoding 'utf-8'"},
      {"convert_from", {"bytea \\x61", "text klingon"}, "! invalid encoding name 'klingon'"},
      {"length", {"bytea \\xc3a4"}, "2"},
      {"length", {"bytea \\xc3a4", "text utf8"}, "1"},
      {"get_byte", {"bytea \\x0102", "int4 1"}, "2"},
      {"get_byte", {"bytea ", "int4 0"}, "! index 0 out of valid range, 0..-1"},
      {"get_bit", {"bytea \\x0180", "int4 0"}, "1"},
      {"get_bit", {"bytea \\x0180", "int4 15"}, "1"},
      {"get_bit", {"bytea \\x0180", "int4 16"}, "! index 16 out of valid range, 0..15"},
      {"bit_count", {"bytea \\xff01"}, "9"},
  });
}

TEST(Hashes, Vectors) {
  check_cases({
      {"md5", {"text "}, "d41d8cd98f00b204e9800998ecf8427e"},
      {"md5", {"bytea abc"}, "900150983cd24fb0d6963f7d28e17f72"},
      {"sha256", {"bytea "}, "\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"sha224", {"bytea abc"}, "\\x23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
      {"digest", {"text abc", "text sha1"}, "\\xa9993e364706816aba3e25717850c26c9cd0d89d"},
      {"digest", {"text abc", "text sha3"}, "! invalid hash algorithm 'sha3'"},
      {"hmac",
       {"text what do ya want for nothing?", "text Jefe", "text sha256"},
       "\\x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"hmac",
       {"text Jefe", "text what do ya want for nothing?", "text sha256"},
       "\\x32dc8d946def0419c52253481d2c9340a54273346c4dd2e4047184d676b0e11d"},
      {"hmac",
       {"text Jefe", "text what do ya want for nothing?", "text sha224"},
       "\\x7693b9d6f5c91989e5e71084e54932ef65cb3efdf99ecfb6efc3930f"},
      {"hmac",
       {"bytea Hi There", "bytea \\x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "text sha256"},
       "\\x492ce020fe2534a5789dc3848806c78f4f6711397f08e7e7a12ca5a4483c8aa6"},
      {"crc32", {"text "}, "0"},
      {"crc32", {"bytea foobar"}, "2666930069"},
      {"kafka_murmur2", {"text "}, "275646681"},
      {"kafka_murmur2", {"text 21"}, "1173551340"},
      {"kafka_murmur2", {"text foobar"}, "1357151166"},
      {"kafka_murmur2", {"bytea a-little-bit-long-string"}, "1161502112"},
      {"kafka_murmur2", {"text a-little-bit-longer-string"}, "661178819"},
      {"kafka_murmur2", {"text lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"}, "2088585677"},
      {"crc32", {"text 21"}, "4252452532"},
      {"crc32", {"text a-little-bit-long-string"}, "4000435554"},
      {"seahash", {"text "}, "14492805990617963705"},
      {"seahash", {"bytea foobar"}, "5348458858952426560"},
      {"seahash", {"text 21"}, "7529772019516855725"},
      {"seahash", {"text a-little-bit-long-string"}, "13634463480969222225"},
      {"seahash", {"text a-little-bit-longer-string"}, "15118748813571373754"},
      {"seahash", {"text to be or not to be"}, "1988685042348123509"},
      {"uuid_generate_v5",
       {"uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "text www.example.com"},
       "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
  });
  EXPECT_EQ(kafka_murmur2("apple") % 16, 5);
  EXPECT_EQ(kafka_murmur2("zucchini") % 16, 4);
}

// Words of eight bytes by four lanes: lengths around both.
TEST(SeaHash, OfEveryLength) {
  const std::pair<size_t, uint64_t> known[] = {
      {1, 8706543430870418941U},  {7, 17455982182503304157U},  {8, 13759499981675894301U},
      {9, 13662013543294291478U}, {16, 12899928509351829161U}, {32, 3416832228826161231U},
      {33, 5639858099146861076U}, {64, 13143747251591502704U}, {65, 7314332871852249340U}};
  for (const auto& [length, hash] : known) {
    std::string bytes;
    for (size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(i));
    EXPECT_EQ(seahash(bytes), hash) << length;
  }
}

}  // namespace
}  // namespace penstock::expr
