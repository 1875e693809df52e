// Entries in, one walk over the sorted keys, findings out.
#include "sinks/audit_comparison.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes_io.h"
#include "sinks/topic_replay.h"

namespace penstock::sinks {
namespace {

using connect::IncomingMessage;

AuditFinding finding_at(AuditProblem problem, const AuditMessage& message) {
  AuditFinding finding;
  finding.problem = problem;
  finding.partition = message.partition;
  finding.offset = message.offset;
  finding.time = message.time;
  return finding;
}

// `last`: of the key, if it has a message.
AuditFinding finding_at(AuditProblem problem, const std::optional<AuditMessage>& last) {
  if (last) return finding_at(problem, *last);
  AuditFinding finding;
  finding.problem = problem;
  return finding;
}

// Bytes that happen to be text say nothing of a format that is not.
bool is_text(const defs::SinkFormat& format) {
  return format.kind == defs::SinkFormatKind::kJson || format.kind == defs::SinkFormatKind::kText;
}

// Behind the key in what is sorted by key and row.
constexpr size_t kRowMarkBytes = 16;

void append_row_mark(std::string& out, const AuditSample& row) {
  put_fixed(out, row.hash);
  put_fixed(out, row.size);
}

}  // namespace

Status check_auditable(const SinkConfig& config, const AuditScope& scope) {
  if (scope.is_compacted && !has_states(config, ChangeEncoder(config))) {
    return fail(Error(sql_state::kFeatureNotSupported,
                      fmt::format("AUDIT SINK of a sink whose key is not unique, into compacted "
                                  "topic \"{}\", not yet supported",
                                  config.def.topic))
                    .with_hint("Compaction keeps one message a key, so rows are gone."));
  }
  return {};
}

// Sees one group after another: begin, messages in order, rows, end.
class AuditComparison::Judge {
 public:
  Judge(const AuditScope& scope, const defs::SinkDef& def, AuditReport& report)
      : scope_(scope), def_(def), report_(report) {}
  virtual ~Judge() = default;

  virtual void begin() = 0;
  virtual void see(AuditMessage message) = 0;
  virtual void see(AuditRow row) = 0;
  virtual void end() = 0;
  // As sorted; what of it is the message's key, as findings show it.
  void set_key(std::string_view sort_key) { key_ = shown_key(sort_key); }

 protected:
  virtual std::optional<std::string> shown_key(std::string_view sort_key) const = 0;
  void tell(AuditFinding finding) {
    finding.key = key_;
    report_.add(std::move(finding));
  }

  std::optional<std::string> shown(const std::optional<AuditSample>& value) const {
    if (!value) return std::nullopt;
    return value->shown(is_text(def_.value_format));
  }

  const AuditScope scope_;
  const defs::SinkDef& def_;
  AuditReport& report_;
  std::optional<std::string> key_;
};

// A key has one row: the last message tells it.
class AuditComparison::StateJudge final : public Judge {
 public:
  StateJudge(const AuditScope& scope, const defs::SinkDef& def, AuditReport& report, bool is_unique)
      : Judge(scope, def, report),
        is_upsert_(def.envelope == defs::SinkEnvelope::kUpsert),
        is_unique_(is_unique) {}

  void begin() override {
    last_.reset();
    rows_ = 0;
    row_.reset();
    refusal_.clear();
  }

  void see(AuditMessage message) override {
    const bool again = is_unique_ && last_ && last_->time == message.time;
    if (message.is_malformed) {
      AuditFinding finding = finding_at(AuditProblem::kMalformed, message);
      finding.found = shown(message.after);
      tell(std::move(finding));
    } else if (again) {
      AuditFinding finding = finding_at(AuditProblem::kDuplicate, message);
      finding.expected = shown(last_->after);
      finding.found = shown(message.after);
      tell(std::move(finding));
    } else {
      check_before(message);
    }
    last_ = std::move(message);
  }

  void see(AuditRow row) override {
    rows_ += row.copies;
    if (!row.refusal.empty()) refusal_ = row.refusal;
    if (!row_ || row.row.head < row_->head) row_ = std::move(row.row);  // Of several, the least.
  }

  void end() override {
    if (rows_ > 1) {
      AuditFinding finding;
      finding.problem = AuditProblem::kNotUnique;
      finding.expected = shown(row_);
      finding.copies = static_cast<uint64_t>(rows_);
      return tell(std::move(finding));
    }
    if (!refusal_.empty()) return tell_refused();
    if (!last_ && !scope_.is_whole) {
      ++report_.unjudged_rows;
      return;
    }
    if (last_ && last_->is_malformed) return;  // Wrong whatever the row is, and told.
    const std::optional<AuditSample> state = last_ ? last_->after : std::nullopt;
    if (state == row_) return;
    AuditProblem problem = !row_    ? AuditProblem::kExtra
                           : !state ? AuditProblem::kMissing
                                    : AuditProblem::kDiffers;
    AuditFinding finding = finding_at(problem, last_);
    finding.expected = shown(row_);
    finding.found = shown(state);
    tell(std::move(finding));
  }

 private:
  std::optional<std::string> shown_key(std::string_view sort_key) const override {
    return AuditSample::of(sort_key).shown(is_text(def_.key_format));
  }

  // Readers keep what the key had before.
  void tell_refused() {
    AuditFinding finding = finding_at(AuditProblem::kRefused, last_);
    finding.expected = refusal_;
    finding.found = shown(last_ ? last_->after : std::nullopt);
    tell(std::move(finding));
  }

  void check_before(const AuditMessage& message) {
    const bool has_state = last_ ? !last_->is_malformed : scope_.is_whole;
    const bool is_known = has_state && !scope_.is_compacted;
    if (!is_known || !is_unique_) return;
    const std::optional<AuditSample> state = last_ ? last_->after : std::nullopt;
    // UPSERT says of the row before only that there was one, where there is none now.
    const bool follows =
        is_upsert_ ? state.has_value() || message.after.has_value() : message.before == state;
    if (follows) return;
    AuditFinding finding = finding_at(AuditProblem::kGap, message);
    finding.expected = shown(state);
    finding.found = shown(message.before);
    tell(std::move(finding));
  }

  const bool is_upsert_;
  const bool is_unique_;
  std::optional<AuditMessage> last_;
  int64_t rows_ = 0;
  std::optional<AuditSample> row_;
  std::string refusal_;
};

// A group is a row: how often it is there. `before` takes one away, `after` adds one.
class AuditComparison::CountJudge final : public Judge {
 public:
  using Judge::Judge;

  void begin() override {
    last_.reset();
    least_at_.reset();
    count_ = least_ = rows_ = 0;
    row_.reset();
    refusal_.clear();
  }

  void see(AuditMessage message) override {
    if (last_ && last_->time != message.time) close_time();
    count_ += message.after ? 1 : -1;
    if (!row_) row_ = message.after ? message.after : message.before;
    last_ = std::move(message);
  }

  void see(AuditRow row) override {
    rows_ += row.copies;
    row_ = std::move(row.row);
    refusal_ = std::move(row.refusal);
  }

  void end() override {
    if (!refusal_.empty()) {
      AuditFinding finding;
      finding.problem = AuditProblem::kRefused;
      finding.expected = refusal_;
      finding.copies = static_cast<uint64_t>(std::max<int64_t>(rows_, 0));
      return tell(std::move(finding));
    }
    if (last_) close_time();
    if (least_ < 0 && scope_.is_whole) {
      AuditFinding finding = finding_at(AuditProblem::kGap, *least_at_);
      finding.found = shown(row_);
      finding.copies = static_cast<uint64_t>(-least_);
      tell(std::move(finding));
    }
    // What was taken away had been there.
    const int64_t there = count_ - least_;
    if (there < rows_ && !scope_.is_whole) {
      ++report_.unjudged_rows;
    } else if (there != rows_) {
      tell_difference(there);
    }
  }

 private:
  std::optional<std::string> shown_key(std::string_view sort_key) const override {
    if (!def_.key) return std::nullopt;
    sort_key.remove_suffix(kRowMarkBytes);
    return AuditSample::of(sort_key).shown(is_text(def_.key_format));
  }

  // Within a time a row may come before it goes.
  void close_time() {
    if (count_ >= least_) return;
    least_ = count_;
    least_at_ = last_;
  }

  void tell_difference(int64_t there) {
    AuditProblem problem = there < rows_ ? AuditProblem::kMissing : AuditProblem::kExtra;
    AuditFinding finding = finding_at(problem, last_);
    (there < rows_ ? finding.expected : finding.found) = shown(row_);
    finding.copies = static_cast<uint64_t>(std::abs(there - rows_));
    tell(std::move(finding));
  }

  std::optional<AuditMessage> last_;
  std::optional<AuditMessage> least_at_;
  int64_t count_ = 0;
  int64_t least_ = 0;
  int64_t rows_ = 0;
  std::optional<AuditSample> row_;
  std::string refusal_;
};

AuditComparison::AuditComparison(const SinkConfig& config, const AuditScope& scope,
                                 const StopToken& stop)
    : config_(config),
      scope_(scope),
      stop_(stop),
      encoder_(config),
      splitter_(config, encoder_),
      by_state_(has_states(config, encoder_)),
      sort_(config.spill_directory, config.limits.sort_bytes, stop) {
  report_.time = scope.time;
  report_.is_whole = scope.is_whole;
  report_.since = scope.since;
}

Status AuditComparison::add_entry(std::string_view key, const AuditSample& row,
                                  const std::string& payload) {
  sort_key_ = key;
  if (!by_state_) append_row_mark(sort_key_, row);
  return sort_.add(sort_key_, payload);
}

Status AuditComparison::add_rows(const data::DeltaBatch& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    key_.clear();
    if (config_.def.key) encoder_.append_group_key(rows, i, key_);
    value_.clear();
    encoder_.append_row(rows, i, value_);
    AuditRow row{rows.diff(i), AuditSample::of(value_)};
    ++report_.rows;
    if (encoder_.passes_refused()) {
      row.refusal = encoder_.refusal_as_insertion(key_, value_);
    } else if (auto refusal = encoder_.take_refusal()) {
      return fail(sql_state::kObjectNotInState, *refusal);
    }
    // What was written of a row that has no room in the format is worth nothing.
    if (!row.refusal.empty()) row.row = AuditSample::of(row.refusal);
    RETURN_IF_ERROR(add_entry(key_, row.row, encode_audit_row(row)));
  }
  return {};
}

void AuditComparison::tell(AuditProblem problem, const IncomingMessage& message,
                           std::optional<std::string_view> key, std::optional<Timestamp> time) {
  AuditFinding finding;
  finding.problem = problem;
  if (key) finding.key = AuditSample::of(*key).shown(is_text(config_.def.key_format));
  finding.partition = message.partition;
  finding.offset = message.offset;
  finding.time = time;
  if (message.value) {
    finding.found = AuditSample::of(*message.value).shown(is_text(config_.def.value_format));
  }
  report_.add(std::move(finding));
}

Status AuditComparison::add_message(const IncomingMessage& message) {
  const std::optional<Timestamp> time = time_of(message);
  if (!time) {
    tell(AuditProblem::kForeign, message, message.key, time);
    return {};
  }
  const MessageParts parts = splitter_.split(message);
  Timestamp& last = last_times_[message.partition];
  if (*time < last) {
    tell(AuditProblem::kOutOfOrder, message, parts.key ? parts.key : message.key, time);
  }
  last = std::max(last, *time);
  if (*time > scope_.time) {
    ++report_.later_messages;
    return {};
  }
  if (scope_.since && *time < *scope_.since) {
    ++report_.earlier_messages;
    return {};
  }
  ++report_.messages;
  return add_change(message, parts, {*time, message.partition, message.offset, {}, {}});
}

Status AuditComparison::add_change(const IncomingMessage& message, const MessageParts& parts,
                                   AuditMessage entry) {
  if (parts.kind == MessageParts::Kind::kTombstone) return {};
  if (parts.kind == MessageParts::Kind::kForeign) {
    tell(AuditProblem::kForeign, message, message.key, entry.time);
    return {};
  }
  entry.is_malformed = parts.kind == MessageParts::Kind::kMalformed;
  if (entry.is_malformed && (!by_state_ || !parts.key)) {
    tell(AuditProblem::kMalformed, message, parts.key ? parts.key : message.key, entry.time);
    return {};
  }
  const std::string_view key = parts.key.value_or("");
  if (by_state_) {
    if (parts.before) entry.before = AuditSample::of(*parts.before);
    if (parts.after) entry.after = AuditSample::of(*parts.after);
    if (entry.is_malformed) entry.after = AuditSample::of(message.value.value_or(""));
    return sort_.add(key, encode_audit_message(entry));
  }
  if (parts.before) {
    entry.before = AuditSample::of(*parts.before);
    RETURN_IF_ERROR(add_entry(key, *entry.before, encode_audit_message(entry)));
    entry.before.reset();
  }
  if (parts.after) {
    entry.after = AuditSample::of(*parts.after);
    RETURN_IF_ERROR(add_entry(key, *entry.after, encode_audit_message(entry)));
  }
  return {};
}

Status AuditComparison::walk(Judge& judge) {
  std::optional<std::string> group;
  while (true) {
    if (stop_.stopped()) return fail(sql_state::kQueryCanceled, "stopped");
    ASSIGN_OR_RETURN(const bool more, sort_.next());
    if (group && (!more || sort_.key() != *group)) {
      judge.end();
      group.reset();
    }
    if (!more) return {};
    if (!group) {
      group = sort_.key();
      judge.set_key(*group);
      judge.begin();
    }
    if (is_audit_message(sort_.payload())) {
      judge.see(decode_audit_message(sort_.payload()));
    } else {
      judge.see(decode_audit_row(sort_.payload()));
    }
  }
}

Result<AuditReport> AuditComparison::finish() {
  RETURN_IF_ERROR(sort_.finish());
  if (by_state_) {
    StateJudge judge(scope_, config_.def, report_, encoder_.key_is_proven());
    RETURN_IF_ERROR(walk(judge));
  } else {
    CountJudge judge(scope_, config_.def, report_);
    RETURN_IF_ERROR(walk(judge));
  }
  return std::move(report_);
}

}  // namespace penstock::sinks
