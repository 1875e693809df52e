// The primitive types of Kafka's protocol: big-endian integers, varints, and strings and byte
// arrays in their old ("int16/int32 length") and compact ("unsigned varint of length + 1", KIP-482)
// forms.
//
// A WireWriter keeps large byte arrays by reference: what it wrote is its own bytes with views of
// others' between them, to be sent with one gathering write. A WireReader never reads past its end:
// it fails once, stays failed, and gives zeros from then on. No thread rule: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/kafka/protocol/big_endian.h"

namespace penstock::connect::kafka {

constexpr int16_t kLastVersion = std::numeric_limits<int16_t>::max();

// Inclusive; {0, -1} holds no version.
struct VersionRange {
  int16_t first = 0;
  int16_t last = -1;

  constexpr bool has(int16_t version) const { return first <= version && version <= last; }
};

struct Uuid {
  std::array<uint8_t, 16> bytes = {};

  bool is_zero() const { return *this == Uuid(); }
  bool operator==(const Uuid&) const = default;
  auto operator<=>(const Uuid&) const = default;
};

// A byte array; it differs from a string in the width of its length.
struct Bytes : std::string {
  using std::string::string;
  Bytes(std::string bytes) : std::string(std::move(bytes)) {}
};

// Record batches. A view: of the writer's source, or of the response that was decoded.
struct Records {
  std::optional<std::string_view> bytes;

  bool operator==(const Records&) const = default;
};

class WireWriter {
 public:
  void boolean(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void int8(int8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void int16(int16_t value) { big_endian(static_cast<uint16_t>(value)); }
  void int32(int32_t value) { big_endian(static_cast<uint32_t>(value)); }
  void int64(int64_t value) { big_endian(static_cast<uint64_t>(value)); }
  void unsigned_varint(uint32_t value);
  void raw(std::string_view bytes) { bytes_.append(bytes); }
  // The bytes must live until what was written is no longer needed.
  void by_reference(std::string_view bytes);

  // Bytes written, those by reference included.
  size_t size() const { return bytes_.size() + referenced_bytes_; }
  // All of it in order, as views; valid until the writer is changed or moved.
  std::vector<std::string_view> pieces() const;
  // All of it in one string.
  std::string joined() const;

 private:
  struct Reference {
    size_t at;  // In bytes_: what precedes it.
    std::string_view bytes;
  };

  template <typename T>
  void big_endian(T value) {
    char raw[sizeof(T)];
    store_big_endian(raw, value);
    bytes_.append(raw, sizeof(T));
  }

  std::string bytes_;
  std::vector<Reference> references_;
  size_t referenced_bytes_ = 0;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  bool boolean() { return int8() != 0; }
  int8_t int8() { return static_cast<int8_t>(big_endian<uint8_t>()); }
  int16_t int16() { return static_cast<int16_t>(big_endian<uint16_t>()); }
  int32_t int32() { return static_cast<int32_t>(big_endian<uint32_t>()); }
  int64_t int64() { return static_cast<int64_t>(big_endian<uint64_t>()); }
  uint32_t unsigned_varint();
  std::string_view raw(size_t size);

  size_t remaining() const { return rest_.size(); }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    rest_ = {};
  }

 private:
  template <typename T>
  T big_endian() {
    if (rest_.size() < sizeof(T)) {
      fail();
      return 0;
    }
    const T value = load_big_endian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

// The tagged fields at the end of a flexible struct (KIP-482).
void skip_tagged_fields(WireReader& reader);

}  // namespace penstock::connect::kafka
