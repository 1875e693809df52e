// The reference page of functions is what the catalogue says. To rewrite it: run this test with
// PENSTOCK_REWRITE=1 in the environment.
#include "expr/function_reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "expr/function_catalogue.h"

namespace penstock::expr {
namespace {

// The page, looked for from the working directory (some build folder) upwards.
std::filesystem::path page() {
  std::filesystem::path at = std::filesystem::current_path();
  while (!std::filesystem::exists(at / "docs" / "reference") && at.has_relative_path()) {
    at = at.parent_path();
  }
  return at / "docs" / "reference" / "functions.md";
}

TEST(FunctionReference, EveryNameIsDescribed) {
  for (const FunctionFamily& family : function_families()) {
    for (const FunctionSpec& function : family.functions) {
      EXPECT_FALSE(description_of(function.name).empty()) << function.name;
    }
  }
}

TEST(FunctionReference, ThePageIsUpToDate) {
  std::string expected = function_reference();
  if (std::getenv("PENSTOCK_REWRITE") != nullptr) {
    std::ofstream(page()) << expected;
    return;
  }
  std::ifstream file(page());
  std::stringstream present;
  present << file.rdbuf();
  EXPECT_EQ(present.str(), expected) << "run expr_test with PENSTOCK_REWRITE=1";
}

}  // namespace
}  // namespace penstock::expr
