// What bulks have in common, and sorted changes.
#include "sinks/bulk.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/bytes_io.h"
#include "base/text_encoding.h"
#include "expr/seahash.h"
#include "sinks/snapshot_bulk.h"

namespace penstock::sinks {
namespace {

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 32);
}

std::string_view steady_value(const SinkMessage& message, const MessageHeads& heads) {
  return message.value->substr(0, message.steady_bytes).substr(heads.value.size());
}

// Text as it is, other bytes in hexadecimal.
std::string readable(std::string_view bytes) {
  const bool text = is_utf8(bytes) && std::ranges::none_of(bytes, [](unsigned char c) {
                      return c < ' ' || c == 0x7f;
                    });
  return text ? std::string(bytes) : "\\x" + encode_hex(bytes);
}

// The change of a tick, or the net change of several: paired by key, like any tick, but sorted on
// disk. Payload: [u32 big-endian size of the row bytes][row bytes][u64 partition][i64 diff]
// [varint size of the headers][headers][value][refusal][u32 size of the refusal].
class SortedBulk final : public Bulk {
 public:
  SortedBulk(const BulkCursor& cursor, const DifferenceSources& sources, ChangeEncoder& encoder,
             const SinkConfig& config)
      : Bulk(cursor, encoder, sources.stop),
        sources_(sources),
        config_(config),
        partitions_by_value_(config.partition_by != nullptr ||
                             cursor.kind == BulkKind::kDifference),
        sort_(config.spill_directory, config.limits.sort_bytes, sources.stop) {}

 protected:
  Step<bool> read_unit(BulkUnit& unit) override;
  Step<void> rewind(uint64_t) override {
    sort_.rewind();
    ahead_ = false;
    cursor_.units = 0;
    cursor_.hash = 0;
    messages_ = 0;
    return {};
  }

 private:
  struct Entry {
    std::string_view row_bytes;
    std::string_view headers;
    std::string_view value;
    std::string_view refusal;  // Of RowRefusal.
    uint64_t partition = 0;
    int64_t diff = 0;
  };
  Step<void> fill();
  Step<void> fill_with_difference();
  Status add_change(const TopicChange& change);
  Status add_row(const data::DeltaBatch& batch, size_t row, uint64_t partition);
  std::unexpected<Trouble> sort_trouble(const Error& error) const {
    return stop_.stopped() ? stopped() : storage_trouble(error);
  }
  void put_refusal() {
    payload_ += refusal_;
    put_fixed(payload_, static_cast<uint32_t>(refusal_.size()));
  }
  static Entry parse(std::string_view payload);
  Step<bool> read_group();
  void add_messages(const Pair& pair, std::vector<SinkMessage>& out);

  const DifferenceSources sources_;
  const SinkConfig& config_;
  const bool partitions_by_value_;
  SpilledSort sort_;
  bool filled_ = false;
  bool ahead_ = false;  // The sort stands at an entry that no group has taken yet.
  std::string key_;
  std::string message_key_;
  std::string payload_;  // Of the row being added,
  std::string headers_;  // its headers, and what keeps it from being sent.
  std::string refusal_;
  std::deque<std::string> payloads_;  // Of the group.
  std::vector<Entry> entries_;
  std::vector<GroupRow> group_;
  std::vector<Pair> pairs_;
  std::deque<std::string> values_;
};

Status SortedBulk::add_row(const data::DeltaBatch& batch, size_t row, uint64_t partition) {
  key_.clear();
  encoder_.append_group_key(batch, row, key_);
  payload_.assign(4, '\0');
  append_row_bytes(batch, row, payload_);
  uint32_t size = std::byteswap(static_cast<uint32_t>(payload_.size() - 4));
  std::memcpy(payload_.data(), &size, sizeof(size));
  put_fixed(payload_, partition);
  put_fixed(payload_, batch.diff(row));
  headers_.clear();
  encoder_.append_headers(batch, row, headers_);
  put_string(payload_, headers_);
  const size_t value_at = payload_.size();
  encoder_.append_row(batch, row, payload_);
  if (encoder_.passes_refused()) {
    RowRefusal refusal = encoder_.take_row_refusal();
    encoder_.add_text(batch, row, key_.size() + payload_.size() - value_at, refusal);
    refusal_ = refusal.encode();
  }
  put_refusal();
  return sort_.add(key_, payload_);
}

SortedBulk::Entry SortedBulk::parse(std::string_view payload) {
  ByteReader reader(payload);
  uint32_t size = std::byteswap(reader.fixed<uint32_t>());
  Entry entry;
  entry.row_bytes = reader.bytes(size);
  entry.partition = reader.fixed<uint64_t>();
  entry.diff = reader.fixed<int64_t>();
  entry.headers = reader.string();
  entry.value = reader.rest();
  const size_t refusal_end = entry.value.size() - sizeof(uint32_t);
  const auto refusal_bytes = ByteReader(entry.value.substr(refusal_end)).fixed<uint32_t>();
  entry.refusal = entry.value.substr(refusal_end - refusal_bytes, refusal_bytes);
  entry.value = entry.value.substr(0, refusal_end - refusal_bytes);
  return entry;
}

Step<void> SortedBulk::fill() {
  sort_.clear();  // Of what a fill that failed half-way left: rows added twice would add up.
  if (cursor_.kind == BulkKind::kDifference) return fill_with_difference();
  data::UpdateStream& stream = sources_.stream;
  auto opened = cursor_.kind == BulkKind::kTick
                    ? stream.tick_rows(cursor_.time, "")
                    : stream.net_change(cursor_.from.previous(), cursor_.time, "");
  if (!opened) return storage_trouble(opened.error());
  while (true) {
    if (stop_.stopped()) return stopped();
    auto chunk = (*opened)->next();
    if (!chunk) return storage_trouble(chunk.error());
    if (!*chunk) break;
    const data::DeltaBatch& batch = *(*chunk)->rows;
    std::vector<uint64_t> partitions = encoder_.partition_values(batch);
    for (size_t row = 0; row < batch.size(); ++row) {
      Status added = add_row(batch, row, partitions.empty() ? 0 : partitions[row]);
      if (!added) return sort_trouble(added.error());
      if (auto refusal = encoder_.take_refusal()) return refused_row(*refusal);
    }
  }
  Status finished = sort_.finish();
  if (!finished) return sort_trouble(finished.error());
  filled_ = true;
  return {};
}

Status SortedBulk::add_change(const TopicChange& change) {
  payload_.clear();
  put_fixed(payload_, std::byteswap(static_cast<uint32_t>(change.content.size())));
  payload_ += change.content;
  put_fixed(payload_, change.partition);
  put_fixed(payload_, change.diff);
  put_string(payload_, change.headers);
  payload_ += change.row;
  refusal_ = change.refusal;
  put_refusal();
  return sort_.add(change.key, payload_);
}

Step<void> SortedBulk::fill_with_difference() {
  Status found = find_difference(config_, encoder_, cursor_.time, sources_,
                                 [this](const TopicChange& change) { return add_change(change); });
  if (found) found = sort_.finish();
  if (found) {
    filled_ = true;
    return {};
  }
  if (found.error().state == sql_state::kFeatureNotSupported) {
    return trouble(Trouble::Kind::kHalt, "internal: " + found.error().message,
                   "ALTER SINK ... RESTART WITH SNAPSHOT sends everything again.");
  }
  return sort_trouble(found.error());
}

// All entries of the next key, into entries_; false at the end.
Step<bool> SortedBulk::read_group() {
  payloads_.clear();
  while (true) {
    if (!ahead_) {
      auto more = sort_.next();
      if (!more) return storage_trouble(more.error());
      if (!*more) break;
      ahead_ = true;
    }
    if (!payloads_.empty() && sort_.key() != key_) break;
    if (payloads_.empty()) key_ = sort_.key();
    payloads_.emplace_back(sort_.payload());
    ahead_ = false;
  }
  entries_.clear();
  group_.clear();
  for (const std::string& payload : payloads_) {
    entries_.push_back(parse(payload));
    group_.push_back({entries_.back().row_bytes, entries_.back().diff, entries_.size() - 1});
  }
  return !payloads_.empty();
}

void SortedBulk::add_messages(const Pair& pair, std::vector<SinkMessage>& out) {
  for (const Change& change : encoder_.changes_of(pair)) {
    const Entry& addressed = entries_[change.addressed()];
    SinkMessage& message = out.emplace_back();
    std::optional<uint64_t> partition;
    if (partitions_by_value_) partition = addressed.partition;
    encoder_.address(key_, partition, message_key_, message);
    message.copies = pair.copies;
    message.headers = addressed.headers;
    encoder_.write_value(
        change, {.time = cursor_.time},
        [&](size_t handle, std::string& value) { value += entries_[handle].value; },
        values_.emplace_back(), message);
    if (!encoder_.passes_refused()) continue;
    encoder_.judge(
        change, [&](size_t handle) { return RowRefusal::decode(entries_[handle].refusal); },
        message);
  }
}

Step<bool> SortedBulk::read_unit(BulkUnit& unit) {
  if (!filled_) {
    auto done = fill();
    if (!done) return std::unexpected(done.error());
  }
  pairs_.clear();
  while (pairs_.empty()) {  // A key whose rows add up to nothing has no messages.
    auto more = read_group();
    if (!more || !*more) return more;
    pair_group(group_, pairs_);
  }
  values_.clear();
  unit.messages.clear();
  for (const Pair& pair : pairs_) add_messages(pair, unit.messages);
  for (const SinkMessage& message : unit.messages) {
    cursor_.hash = hash_message(cursor_.hash, message, encoder_.heads());
  }
  unit.changes = count_changes(pairs_);
  if (unit.changes > 1 && encoder_.key_is_proven()) {
    unit.violation =
        violation_text(key_, cursor_.time, entries_.front().value, entries_.back().value);
  }
  return true;
}

}  // namespace

uint64_t hash_message(uint64_t hash, const SinkMessage& message, const MessageHeads& heads) {
  if (message.refusal && !message.refusal->is_too_large) {  // It has no bytes of its own.
    return mix(mix(hash, 3), message.copies);
  }
  hash = mix(hash, message.key ? expr::seahash(message.key->substr(heads.key.size())) : 1);
  hash = mix(hash, message.value ? expr::seahash(steady_value(message, heads)) : 2);
  if (!message.headers.empty()) hash = mix(hash, expr::seahash(message.headers));
  return mix(hash, message.copies);
}

std::string violation_text(std::string_view key, Timestamp time, std::string_view first,
                           std::string_view second) {
  return fmt::format("key {} changes more than once at time {}: {} and {}", readable(key), time.ms,
                     readable(first), readable(second));
}

std::unexpected<Trouble> refused_row(const std::string& refusal) {
  return trouble(
      Trouble::Kind::kRefused, "internal: " + refusal,
      "Create the sink anew over a view that casts the column to a type that holds the value; or "
      "correct the row, and ALTER SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE passes over it; or "
      "ALTER SINK ... SET (REFUSED MESSAGES = 'skip') goes on without its message.");
}

std::unique_ptr<Bulk> Bulk::make(const BulkCursor& cursor, const DifferenceSources& sources,
                                 ChangeEncoder& encoder, const SinkConfig& config) {
  if (cursor.kind == BulkKind::kSnapshot) {
    return std::make_unique<SnapshotBulk>(cursor, sources.stream, encoder, config, sources.stop);
  }
  return std::make_unique<SortedBulk>(cursor, sources, encoder, config);
}

Step<bool> Bulk::next(BulkUnit& unit) {
  unit.changes = 0;
  unit.violation.clear();
  auto more = read_unit(unit);
  if (!more || !*more) return more;
  ++cursor_.units;
  for (const SinkMessage& message : unit.messages) messages_ += message.copies;
  return true;
}

Step<void> Bulk::seek(const BulkCursor& cursor) {
  auto done = rewind(cursor.units);
  if (!done) return done;
  BulkUnit skipped;
  while (cursor_.units < cursor.units) {
    if (stop_.stopped()) return stopped();
    auto more = next(skipped);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
  }
  if (cursor_ == cursor) return {};
  return trouble(Trouble::Kind::kHalt,
                 "internal: the rows sent before are not the rows found now, so the rest cannot "
                 "follow them",
                 "ALTER SINK ... RESTART WITH SNAPSHOT AS DIFFERENCE sends what the topic lacks.");
}

}  // namespace penstock::sinks
