// to_char of timestamps. The format is compiled once while it stays the same.
#include <optional>

#include "expr/date_format.h"
#include "expr/functions/families.h"
#include "expr/row_kernel.h"

namespace penstock::expr {
namespace {

using types::TypeId;
using enum TypeId;

class FormatCache final : public KernelState {
 public:
  const DateFormat& get(std::string_view format) {
    if (!compiled_ || format != format_) {
      format_ = format;
      compiled_ = DateFormat::compile(format);
    }
    return *compiled_;
  }

 private:
  std::string format_;
  std::optional<DateFormat> compiled_;
};

std::string to_char(const KernelCall& call, int64_t timestamp, std::string_view format) {
  std::string out;
  bool zoned = call.argument_types[0].id == kTimestampTz;
  call.state_of<FormatCache>().get(format).append(timestamp, zoned, out);
  return out;
}

constexpr FunctionSpec kFunctions[] = {
    entry("to_char", {kTimestamp, kText}, kText, row_kernel<to_char>),
    entry("to_char", {kTimestampTz, kText}, kText, row_kernel<to_char>),
};

}  // namespace

std::span<const FunctionSpec> date_format_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
