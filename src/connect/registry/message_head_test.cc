// Heads of registries, right and malformed.
#include "connect/registry/message_head.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::connect {
namespace {

TEST(RegistryHead, IsTakenOffWhateverItsId) {
  const std::string confluent("\0\1\2\3\4rest", 9);
  EXPECT_EQ(head_bytes(HeadForm::kConfluent), 5u);
  EXPECT_EQ(take_head_off(HeadForm::kConfluent, confluent), "rest");
  EXPECT_EQ(take_head_off(HeadForm::kConfluent, confluent.substr(0, 5)), "");
  const std::string glue = std::string("\3\0", 2) + "0123456789abcdef" + "rest";
  EXPECT_EQ(head_bytes(HeadForm::kGlue), 18u);
  EXPECT_EQ(take_head_off(HeadForm::kGlue, glue), "rest");
  EXPECT_EQ(take_head_off(HeadForm::kGlue, glue.substr(0, 18)), "");
}

TEST(RegistryHead, ThatIsCutOrAnothersIsNone) {
  EXPECT_FALSE(take_head_off(HeadForm::kConfluent, ""));
  EXPECT_FALSE(take_head_off(HeadForm::kConfluent, std::string(4, '\0')));
  EXPECT_FALSE(take_head_off(HeadForm::kConfluent, "\1\1\2\3\4rest"));
  EXPECT_FALSE(take_head_off(HeadForm::kGlue, std::string("\3\0", 2) + "0123456789abcde"));
  const std::string compressed = "\3\5" + std::string(20, 'x');
  EXPECT_FALSE(take_head_off(HeadForm::kGlue, compressed));
  EXPECT_FALSE(take_head_off(HeadForm::kGlue, std::string(20, '\0')));
}

}  // namespace
}  // namespace penstock::connect
