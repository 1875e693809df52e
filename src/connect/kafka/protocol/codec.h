// What is done with the fields of a message: encoding and decoding. A generated struct names its
// fields in wire order to a visitor; the visitors here know how each type looks at a version.
//
// Flexible versions (KIP-482): strings, byte arrays and arrays are compact, and every struct ends
// with its tagged fields. A tagged field is written only if it differs from its default; an unknown
// one is skipped. Included by the generated messages.cc and by tests only: it is expensive to
// compile.
#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "connect/kafka/protocol/error_code.h"
#include "connect/kafka/protocol/wire.h"

namespace penstock::connect::kafka {

struct FieldRule {
  const char* name;
  VersionRange versions;
  VersionRange nullable;
  bool ignorable;  // Dropped when the version cannot carry it.
};

struct WireForm {
  int16_t version;
  bool flexible;
};

// Writes one struct: its fields as they are visited, its tagged fields at its end.
class StructEncoder {
 public:
  StructEncoder(WireForm form, WireWriter& writer) : form_(form), writer_(writer) {}

  template <typename Self, typename T>
  void field(const Self& self, T Self::* member, const FieldRule& rule) {
    if (rule.versions.has(form_.version)) {
      nullable_ = rule.nullable.has(form_.version);
      put(self.*member);
    } else if (!rule.ignorable && self.*member != Self().*member) {
      check_failed(__FILE__, __LINE__, "a field that this version cannot carry", rule.name);
    }
  }

  template <typename Self, typename T>
  void tagged(uint32_t tag, const Self& self, T Self::* member, const FieldRule& rule) {
    if (!rule.versions.has(form_.version) || self.*member == Self().*member) return;
    WireWriter content;
    StructEncoder encoder(form_, content);
    encoder.nullable_ = rule.nullable.has(form_.version);
    encoder.put(self.*member);
    tagged_.emplace_back(tag, content.joined());
  }

  void end_struct() {
    if (!form_.flexible) return;
    writer_.unsigned_varint(static_cast<uint32_t>(tagged_.size()));
    for (const auto& [tag, content] : tagged_) {
      writer_.unsigned_varint(tag);
      writer_.unsigned_varint(static_cast<uint32_t>(content.size()));
      writer_.raw(content);
    }
  }

 private:
  void put(bool value) { writer_.boolean(value); }
  void put(int8_t value) { writer_.int8(value); }
  void put(int16_t value) { writer_.int16(value); }
  void put(int32_t value) { writer_.int32(value); }
  void put(int64_t value) { writer_.int64(value); }
  void put(ErrorCode value) { writer_.int16(static_cast<int16_t>(value)); }
  void put(const Uuid& value) {
    writer_.raw({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
  }
  void put(const std::string& value) {
    string_length(value.size());
    writer_.raw(value);
  }
  void put(const Bytes& value) {
    array_length(value.size());
    writer_.raw(value);
  }
  void put(const Records& value) {
    if (!value.bytes) return put_null_array();
    array_length(value.bytes->size());
    writer_.by_reference(*value.bytes);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    array_length(values.size());
    nullable_ = false;  // Said of the array, not of its elements.
    for (const T& value : values) put(value);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    if (value) return put(*value);
    CHECK(nullable_);
    if constexpr (std::same_as<T, std::string>) {
      form_.flexible ? writer_.unsigned_varint(0) : writer_.int16(-1);
    } else {
      put_null_array();
    }
  }
  template <typename T>
    requires requires(const T& value, StructEncoder& visitor) { T::visit(value, visitor); }
  void put(const T& value) {
    StructEncoder encoder(form_, writer_);
    T::visit(value, encoder);
  }

  void string_length(size_t size) {
    if (form_.flexible) return writer_.unsigned_varint(static_cast<uint32_t>(size) + 1);
    CHECK_OP(<=, size, size_t{std::numeric_limits<int16_t>::max()});
    writer_.int16(static_cast<int16_t>(size));
  }
  void array_length(size_t size) {
    CHECK_OP(<, size, size_t{std::numeric_limits<int32_t>::max()});
    form_.flexible ? writer_.unsigned_varint(static_cast<uint32_t>(size) + 1)
                   : writer_.int32(static_cast<int32_t>(size));
  }
  void put_null_array() { form_.flexible ? writer_.unsigned_varint(0) : writer_.int32(-1); }

  WireForm form_;
  WireWriter& writer_;
  bool nullable_ = false;
  std::vector<std::pair<uint32_t, std::string>> tagged_;
};

// Reads one struct. What the version does not carry keeps its default.
class StructDecoder {
 public:
  StructDecoder(WireForm form, WireReader& reader) : form_(form), reader_(reader) {}

  template <typename T>
  static void decode(T& value, WireForm form, WireReader& reader) {
    StructDecoder decoder(form, reader);
    T::visit(value, decoder);
    if (form.flexible) decoder.get_tagged(value);
  }

  template <typename Self, typename T>
  void field(Self& self, T Self::* member, const FieldRule& rule) {
    if (tag_ || !rule.versions.has(form_.version)) return;
    nullable_ = rule.nullable.has(form_.version);
    get(self.*member);
  }

  template <typename Self, typename T>
  void tagged(uint32_t tag, Self& self, T Self::* member, const FieldRule& rule) {
    if (tag_ != tag || !rule.versions.has(form_.version)) return;
    nullable_ = rule.nullable.has(form_.version);
    get(self.*member);
  }

  void end_struct() {}

 private:
  template <typename T>
  void get_tagged(T& value) {
    const uint32_t count = reader_.unsigned_varint();
    for (uint32_t i = 0; i < count && !reader_.failed(); ++i) {
      const uint32_t tag = reader_.unsigned_varint();
      WireReader content(reader_.raw(reader_.unsigned_varint()));
      StructDecoder decoder(form_, content);
      decoder.tag_ = tag;
      T::visit(value, decoder);
      if (content.failed()) reader_.fail();
    }
  }

  void get(bool& value) { value = reader_.boolean(); }
  void get(int8_t& value) { value = reader_.int8(); }
  void get(int16_t& value) { value = reader_.int16(); }
  void get(int32_t& value) { value = reader_.int32(); }
  void get(int64_t& value) { value = reader_.int64(); }
  void get(ErrorCode& value) { value = ErrorCode{reader_.int16()}; }
  void get(Uuid& value) {
    const std::string_view bytes = reader_.raw(value.bytes.size());
    std::copy(bytes.begin(), bytes.end(), value.bytes.begin());
  }
  void get(std::string& value) { value = get_present(string_length()); }
  void get(Bytes& value) { static_cast<std::string&>(value) = get_present(array_length()); }
  void get(Records& value) {
    if (const auto size = array_length()) value.bytes = reader_.raw(*size);
  }
  template <typename T>
  void get(std::vector<T>& values) {
    if (const auto count = array_length()) {
      get_elements(values, *count);
    } else {
      reader_.fail();
    }
  }
  void get(std::optional<std::string>& value) {
    if (const auto size = string_length()) {
      value = reader_.raw(*size);
    } else {
      get_null(value);
    }
  }
  template <typename T>
  void get(std::optional<std::vector<T>>& values) {
    if (const auto count = array_length()) {
      get_elements(values.emplace(), *count);
    } else {
      get_null(values);
    }
  }
  template <typename T>
    requires requires(T& value, StructDecoder& visitor) { T::visit(value, visitor); }
  void get(T& value) {
    decode(value, form_, reader_);
  }

  // Elements are made one by one: a count that the bytes cannot hold ends at the first missing
  // byte.
  template <typename T>
  void get_elements(std::vector<T>& values, size_t count) {
    values.clear();
    if (count > reader_.remaining()) return reader_.fail();
    for (size_t i = 0; i < count && !reader_.failed(); ++i) get(values.emplace_back());
  }
  template <typename T>
  void get_null(std::optional<T>& value) {
    value.reset();
    if (!nullable_) reader_.fail();
  }
  std::string_view get_present(std::optional<size_t> size) {
    if (size) return reader_.raw(*size);
    reader_.fail();
    return {};
  }
  // None = null.
  std::optional<size_t> string_length() {
    return length(form_.flexible ? compact_length() : reader_.int16());
  }
  std::optional<size_t> array_length() {
    return length(form_.flexible ? compact_length() : reader_.int32());
  }
  int64_t compact_length() { return int64_t{reader_.unsigned_varint()} - 1; }
  std::optional<size_t> length(int64_t length) {
    if (length < -1) reader_.fail();
    if (length < 0) return std::nullopt;
    return static_cast<size_t>(length);
  }

  WireForm form_;
  WireReader& reader_;
  bool nullable_ = false;
  std::optional<uint32_t> tag_;  // Set while one tagged field is looked for.
};

template <typename Message>
WireForm wire_form(int16_t version) {
  CHECK(Message::kVersions.has(version));
  return {version, Message::kFlexible.has(version)};
}

template <typename Message>
void encode_message(const Message& message, int16_t version, WireWriter& writer) {
  StructEncoder encoder(wire_form<Message>(version), writer);
  Message::visit(message, encoder);
}

// False: malformed, or bytes are left over.
template <typename Message>
bool decode_message(Message& message, int16_t version, WireReader& reader) {
  StructDecoder::decode(message, wire_form<Message>(version), reader);
  return !reader.failed() && reader.remaining() == 0;
}

}  // namespace penstock::connect::kafka
