// Durable form of a sink's place.
#include "sinks/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/bytes_io.h"

namespace penstock::sinks {
namespace {

constexpr uint8_t kFormat = 2;
constexpr uint8_t kFormatChangedOver = 3;  // The same, behind a changeover.
constexpr uint8_t kFormatWithoutOrders = 1;

void put_cursor(std::string& out, const BulkCursor& cursor) {
  put_fixed(out, static_cast<uint8_t>(cursor.kind));
  put_fixed(out, cursor.from.ms);
  put_fixed(out, cursor.time.ms);
  put_fixed(out, cursor.units);
  put_fixed(out, cursor.hash);
}

BulkCursor read_cursor(ByteReader& reader) {
  BulkCursor cursor;
  cursor.kind = static_cast<BulkKind>(reader.fixed<uint8_t>());
  cursor.from = {reader.fixed<uint64_t>()};
  cursor.time = {reader.fixed<uint64_t>()};
  cursor.units = reader.fixed<uint64_t>();
  cursor.hash = reader.fixed<uint64_t>();
  return cursor;
}

void put_committed(std::string& out, const CommittedProgress& k) {
  put_fixed(out, k.offset);
  put_fixed(out, k.life.high);
  put_fixed(out, k.life.low);
  put_fixed(out, k.claim.frontier.ms);
  put_fixed(out, static_cast<uint8_t>(k.claim.bulk.has_value()));
  if (k.claim.bulk) put_cursor(out, *k.claim.bulk);
}

CommittedProgress read_committed(ByteReader& reader) {
  CommittedProgress k;
  k.offset = reader.fixed<int64_t>();
  k.life.high = reader.fixed<uint64_t>();
  k.life.low = reader.fixed<uint64_t>();
  k.claim.frontier = {reader.fixed<uint64_t>()};
  if (reader.fixed<uint8_t>() != 0) k.claim.bulk = read_cursor(reader);
  return k;
}

}  // namespace

std::string to_text(const LifeId& life) {
  return fmt::format("{:016x}{:016x}", life.high, life.low);
}

std::optional<LifeId> parse_life(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  LifeId life;
  auto half = [](std::string_view digits, uint64_t& value) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!half(text.substr(0, 16), life.high) || !half(text.substr(16), life.low)) return std::nullopt;
  return life;
}

SinkPlace SinkPlace::first(Timestamp as_of, bool with_snapshot) {
  SinkPlace place;
  place.next = with_snapshot ? as_of : as_of.next();
  place.snapshot_due = with_snapshot;
  return place;
}

void SinkPlace::change_over(bool other_form) {
  const bool before = changed_over && changed_over->other_form;
  changed_over = Changeover{next, before || other_form};
}

void SinkPlace::be_told_to_adopt() {
  halted.reset();
  order = SinkOrder::kAdopt;
}

void SinkPlace::be_told_to_restart(Timestamp as_of, bool as_a_difference) {
  halted.reset();
  order = SinkOrder::kRestart;
  history_released = false;
  next = as_of;
  snapshot_due = true;
  as_difference = as_a_difference;
  snapshot_rows.reset();
}

Timestamp SinkPlace::oldest_needed() const {
  if (snapshot_due || next == Timestamp::min()) return next;
  return next.previous();  // A net change, should errors come, begins before the next tick.
}

std::string SinkPlace::encode() const {
  std::string out;
  put_fixed(out, changed_over ? kFormatChangedOver : kFormat);
  if (changed_over) {
    put_fixed(out, changed_over->time.ms);
    put_fixed(out, static_cast<uint8_t>(changed_over->other_form));
  }
  put_fixed(out, next.ms);
  put_fixed(out, static_cast<uint8_t>(snapshot_due));
  put_fixed(out, static_cast<uint8_t>(as_difference));
  put_fixed(out, static_cast<uint8_t>(order));
  put_fixed(out, static_cast<uint8_t>(halted.has_value()));
  if (halted) put_string(out, *halted);
  put_fixed(out, static_cast<uint8_t>(history_released));
  put_fixed(out, static_cast<uint8_t>(k.has_value()));
  if (k) put_committed(out, *k);
  if (snapshot_rows) put_fixed(out, *snapshot_rows);
  return out;
}

std::optional<SinkPlace> SinkPlace::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto format = reader.fixed<uint8_t>();
  const bool known =
      format == kFormat || format == kFormatWithoutOrders || format == kFormatChangedOver;
  if (!known) return std::nullopt;
  SinkPlace place;
  if (format == kFormatChangedOver) {
    place.changed_over.emplace().time = {reader.fixed<uint64_t>()};
    place.changed_over->other_form = reader.fixed<uint8_t>() != 0;
  }
  place.next = {reader.fixed<uint64_t>()};
  place.snapshot_due = reader.fixed<uint8_t>() != 0;
  if (format != kFormatWithoutOrders) {
    place.as_difference = reader.fixed<uint8_t>() != 0;
    place.order = static_cast<SinkOrder>(reader.fixed<uint8_t>());
  }
  if (reader.fixed<uint8_t>() != 0) place.halted = std::string(reader.string());
  place.history_released = reader.fixed<uint8_t>() != 0;
  if (reader.fixed<uint8_t>() != 0) place.k = read_committed(reader);
  // Places of earlier versions end here.
  if (!reader.failed() && !reader.at_end()) place.snapshot_rows = reader.fixed<uint64_t>();
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  return place;
}

}  // namespace penstock::sinks
