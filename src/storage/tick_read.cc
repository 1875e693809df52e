// Planning by the index in memory; the database may meanwhile merge what is there, which changes
// where updates lie but not which.
#include "storage/tick_read.h"

#include <algorithm>

namespace penstock::storage {

namespace {

// Log entries that are read together: those of one tick, or merged parts that end with the same
// one. Of one stream they do not overlap, but a part of the other may lie over many.
struct Group {
  Timestamp first;
  Timestamp last;
  uint64_t bytes = 0;
  bool single_tick = true;
};

// About as many groups as fit the limit; `end` is lowered to where the others begin.
std::vector<Group> groups_of(const CollectionState& collection, Timestamp from, Timestamp& end,
                             size_t limit_bytes) {
  std::map<std::pair<Timestamp, bool>, Group> groups;  // By last time; ticks before parts.
  for (const StreamState& stream : collection.streams) {
    auto entry = std::lower_bound(
        stream.log.begin(), stream.log.end(), from,
        [](const LogEntry& candidate, Timestamp time) { return candidate.last < time; });
    uint64_t bytes = 0;
    Timestamp previous = Timestamp::min();
    for (; entry != stream.log.end() && entry->first < end; ++entry) {
      if (bytes > limit_bytes && entry->last != previous) {
        end = entry->first;
        break;
      }
      previous = entry->last;
      bool single = entry->first == entry->last;
      auto [at, added] = groups.try_emplace({entry->last, !single});
      Group& group = at->second;
      group.first = added ? entry->first : std::min(group.first, entry->first);
      group.last = entry->last;
      group.single_tick = single;
      group.bytes += entry->bytes;
      bytes += entry->bytes;
    }
  }
  std::vector<Group> out;
  for (const auto& [key, group] : groups) out.push_back(group);
  return out;
}

// Whether something in [from, time) may have changed: also in a part that goes on behind it.
bool begins_before(const std::vector<Group>& groups, Timestamp from, Timestamp time) {
  return std::ranges::any_of(
      groups, [&](const Group& group) { return std::max(from, group.first) < time; });
}

}  // namespace

TickReadPlan plan_tick_read(const CollectionState& collection, Timestamp from, Timestamp end,
                            size_t limit_bytes) {
  TickReadPlan plan{.stop = end, .large_tick = std::nullopt, .empty = true};
  if (end <= from) return plan;
  uint64_t total = 0;
  std::vector<Group> groups = groups_of(collection, from, end, limit_bytes);
  plan.stop = end;
  for (const Group& group : groups) {
    if (group.first >= end) continue;
    bool fits = total + group.bytes <= limit_bytes;
    if (!fits && group.single_tick) {
      // Alone, after all that comes before it.
      plan.stop = group.last;
      plan.empty = !begins_before(groups, from, group.last);
      if (plan.empty) plan.large_tick = group.last;
      return plan;
    }
    // Another reading begins where this group does, unless it has begun already.
    Timestamp begin = std::max(from, group.first);
    if (!fits && begin > from && !plan.empty) {
      plan.stop = begin;
      return plan;
    }
    plan.empty = false;
    total += group.bytes;
    if (total > limit_bytes) {
      plan.stop = std::min(end, group.last.next());
      return plan;
    }
  }
  return plan;
}

Status TickCollector::add_block(const RowFormat& format, Stream stream, std::string_view block,
                                Timestamp time, TimeRange times) {
  BlockReader reader(block, time);
  while (reader.next()) {
    if (!times.contains(reader.entry().time)) continue;
    RETURN_IF_ERROR(add(format, stream, reader.entry()));
  }
  if (reader.damaged()) return fail(damaged_error("a block"));
  return {};
}

Status TickCollector::add_source(const RowFormat& format, Stream stream, EntrySource& source) {
  while (true) {
    ASSIGN_OR_RETURN(bool more, source.next());
    if (!more) return {};
    RETURN_IF_ERROR(add(format, stream, source.entry()));
  }
}

Status TickCollector::add(const RowFormat& format, Stream stream, const Entry& entry) {
  Open& open = ticks_[entry.time].streams[static_cast<size_t>(stream)];
  if (!open.builder) open.builder.emplace(format.kinds());
  RETURN_IF_ERROR(
      format.decode(RowFormat::row_of(entry.sort_key, entry.payload), entry.weight, *open.builder));
  if (open.builder->full()) close(open);
  return {};
}

void TickCollector::close(Open& open) {
  if (!open.builder || open.builder->empty()) return;
  open.done.push_back(std::make_shared<const data::DeltaBatch>(open.builder->finish()));
}

std::vector<data::TickUpdates> TickCollector::finish() {
  std::vector<data::TickUpdates> out;
  for (auto& [time, tick] : ticks_) {
    for (Open& open : tick.streams) close(open);
    out.push_back({time, std::move(tick.streams[0].done), std::move(tick.streams[1].done)});
  }
  ticks_.clear();
  return out;
}

}  // namespace penstock::storage
