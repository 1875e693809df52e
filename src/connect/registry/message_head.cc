// Heads of registries.
#include "connect/registry/message_head.h"

namespace penstock::connect {
namespace {

std::string_view magic_of(HeadForm form) {
  static constexpr std::string_view kConfluent("\0", 1);
  static constexpr std::string_view kGlue("\3\0", 2);
  return form == HeadForm::kGlue ? kGlue : kConfluent;
}

}  // namespace

size_t head_bytes(HeadForm form) {
  return magic_of(form).size() + (form == HeadForm::kGlue ? 16 : 4);
}

std::optional<std::string_view> take_head_off(HeadForm form, std::string_view message) {
  if (message.size() < head_bytes(form) || !message.starts_with(magic_of(form))) {
    return std::nullopt;
  }
  return message.substr(head_bytes(form));
}

}  // namespace penstock::connect
