// Rows about what sinks are doing: transactions, partitions, lag, snapshots.
#include <algorithm>
#include <iterator>

#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/introspection/cells.h"

namespace penstock::coordinator {
namespace {

using types::Datum;
using Rows = std::vector<BuiltinRow>;
using sinks::OpenTransaction;

Datum time_or_null(const std::optional<Timestamp>& time) {
  return time ? number(time->ms) : null();
}

std::string_view state_name(const std::optional<OpenTransaction>& open) {
  if (!open) return "none";
  switch (open->state) {
    case OpenTransaction::State::kOpen:
      return "open";
    case OpenTransaction::State::kCommitting:
      return "committing";
    case OpenTransaction::State::kInDoubt:
      return "in-doubt";
  }
  return "";
}

void append(BuiltinRow& row, BuiltinRow cells) {
  std::move(cells.begin(), cells.end(), std::back_inserter(row));
}

Rows transactions(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [sink, activity] : s.sink_activities()) {
    const sinks::SinkTransactions& t = activity.transactions;
    BuiltinRow row = {id(sink), text(state_name(t.open))};
    if (t.open) {
      const uint64_t age_us = activity.now_us - std::min(activity.now_us, t.open->begun_at_us);
      append(row, {number(t.open->begun_at_us), number(age_us / 1'000), number(t.open->messages),
                   number(t.open->bytes), time_or_null(t.open->first)});
    } else {
      append(row, {null(), null(), null(), null(), null()});
    }
    row.push_back(number(t.committed));
    if (t.last_commit) {
      append(row, {number(t.last_commit->at_us), number(t.last_commit->took_us),
                   number(t.last_commit->messages), number(t.last_commit->bytes),
                   number(t.last_commit->frontier.ms)});
    } else {
      append(row, {null(), null(), null(), null(), null()});
    }
    row.push_back(number(t.aborted));
    row.push_back(t.last_abort ? number(t.last_abort->at_us) : null());
    row.push_back(t.last_abort ? text(t.last_abort->cause) : null());
    row.push_back(number(t.refused));
    rows.push_back(std::move(row));
  }
  return rows;
}

Rows partitions(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [sink, activity] : s.sink_activities()) {
    for (const auto& [partition, progress] : activity.partitions) {
      rows.push_back({id(sink), Datum::integer(partition),
                      progress.last_offset ? Datum::integer(*progress.last_offset) : null(),
                      number(progress.messages), number(progress.at_us)});
    }
  }
  return rows;
}

// Sent is what is stamped below the frontier; of a snapshot, what is at its time, too.
Timestamp read_up_to(const SinkActivity& activity) {
  const bool snapshot_due = activity.snapshot && !activity.snapshot->finished_at_us;
  return snapshot_due ? activity.snapshot->time : activity.frontier->previous();
}

Rows lag(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [sink, activity] : s.sink_activities()) {
    catalog::ItemRef item = s.catalog.item(sink);
    const auto* def = item ? std::get_if<defs::SinkDef>(&item->facts) : nullptr;
    if (def == nullptr) continue;
    std::optional<storage::Backlog> backlog;
    if (activity.frontier) {
      backlog = s.backlog(def->collection(), read_up_to(activity));
    }
    if (!backlog) {
      rows.push_back({id(sink), null(), null(), null(), null(), null(), null()});
      continue;
    }
    const uint64_t frontier = activity.frontier->ms;
    const uint64_t now_ms = activity.now_us / 1'000;
    rows.push_back({id(sink), number(frontier), number(backlog->upper.ms),
                    number(backlog->upper.ms - std::min(backlog->upper.ms, frontier)),
                    number(now_ms - std::min(now_ms, frontier)), number(backlog->updates),
                    number(backlog->bytes)});
  }
  return rows;
}

std::string_view state_name(const sinks::SnapshotProgress& snapshot) {
  if (snapshot.finished_at_us) return "done";
  return snapshot.begun_at_us ? "running" : "waiting";
}

Rows snapshots(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [sink, activity] : s.sink_activities()) {
    if (!activity.snapshot) continue;
    const sinks::SnapshotProgress& p = *activity.snapshot;
    const auto& open = activity.transactions.open;
    const bool running = !p.finished_at_us && open;
    const double rate = p.rows_per_second(activity.now_us);
    rows.push_back(
        {id(sink), text(state_name(p)), number(p.time.ms), number_or_null(p.rows_total),
         number(p.rows_done), number(running ? open->messages : 0), number(p.transactions),
         number_or_null(p.begun_at_us), number_or_null(p.finished_at_us),
         p.begun_at_us ? Datum::floating(rate) : null(), number_or_null(p.left_ms(activity.now_us)),
         number_or_null(p.bytes_per_second)});
  }
  return rows;
}

}  // namespace

RowsFunction sink_rows(const std::string& name) {
  static const std::map<std::string, RowsFunction> makers = {
      {"mz_internal.mz_sink_transactions", transactions},
      {"mz_internal.mz_sink_partitions", partitions},
      {"mz_internal.mz_sink_lag", lag},
      {"mz_internal.mz_sink_snapshots", snapshots},
  };
  auto found = makers.find(name);
  return found == makers.end() ? nullptr : found->second;
}

}  // namespace penstock::coordinator
