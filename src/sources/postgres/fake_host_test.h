// A SourceHost in memory, and pgoutput messages put together by hand, for the tests of this folder.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "data/row_error.h"
#include "format/pg/big_endian.h"
#include "sources/source_host.h"
#include "types/text_io.h"

namespace penstock::sources {

// What a collection holds: rows as "a|b", errors as their message, with weights.
using Contents = std::map<std::string, int64_t>;

class FakeHost final : public SourceHost {
 public:
  bool try_submit(storage::TickInputRef input, std::function<void()> durable) override {
    std::lock_guard lock(mutex_);
    if (full_) return false;
    ++inputs_;
    for (const storage::CollectionInput& part : input->collections) {
      for (const data::BatchRef& batch : part.rows) add(contents_[part.collection], *batch);
      for (const data::BatchRef& batch : part.errors) add_errors(errors_[part.collection], *batch);
    }
    for (const storage::StagedParts& parts : input->staged) publish_parts(parts);
    for (CollectionId id : input->publish) published_.insert(id);
    for (const storage::Binding& binding : input->bindings) {
      facts_[storage::binding_key(binding.source.value)] = binding.position;
    }
    for (const storage::MetaChange& change : input->changes.meta) {
      if (change.value) facts_[change.key] = *change.value;
    }
    if (hold_durable_) {
      waiting_.push_back(std::move(durable));
    } else {
      durable();
    }
    return true;
  }

  Result<std::unique_ptr<storage::StagingWriter>> stage(CollectionId collection) override {
    return std::make_unique<Writer>(*this, collection);
  }
  Status discard(const storage::StagedParts& parts) override {
    std::lock_guard lock(mutex_);
    for (const storage::PartRef& part : parts.parts) parts_.erase(part.id);
    return {};
  }
  Result<std::optional<std::string>> fact(std::string_view key) override {
    std::lock_guard lock(mutex_);
    auto found = facts_.find(std::string(key));
    if (found == facts_.end()) return std::nullopt;
    return found->second;
  }
  Result<connect::PostgresOptions> postgres_options(ObjectId) override { return options_; }
  std::string ingestion_pause() override { return ""; }
  void set_status(ObjectId, const SourceStatus& status) override {
    std::lock_guard lock(mutex_);
    statuses_.push_back(status);
  }

  // --- for the test ---
  Contents rows(CollectionId id) const { return locked(contents_, id); }
  Contents errors(CollectionId id) const { return locked(errors_, id); }
  bool is_published(CollectionId id) const {
    std::lock_guard lock(mutex_);
    return published_.contains(id);
  }
  size_t inputs() const {
    std::lock_guard lock(mutex_);
    return inputs_;
  }
  size_t staged_parts() const {
    std::lock_guard lock(mutex_);
    return parts_.size();
  }
  std::vector<SourceStatus> statuses() const {
    std::lock_guard lock(mutex_);
    return statuses_;
  }
  void set_full(bool full) {
    std::lock_guard lock(mutex_);
    full_ = full;
  }
  // Of this collection, from now on.
  void fail_staging(std::optional<CollectionId> collection) { fail_staging_ = collection; }
  void hold_durable() { hold_durable_ = true; }
  void sync() {
    for (auto& durable : std::exchange(waiting_, {})) durable();
  }
  void set_options(connect::PostgresOptions options) { options_ = std::move(options); }

 private:
  struct Part {
    std::vector<data::BatchRef> rows;
    std::vector<data::BatchRef> errors;
  };
  class Writer final : public storage::StagingWriter {
   public:
    Writer(FakeHost& host, CollectionId id) : host_(host), id_(id) {}
    Status append(const data::DeltaBatch& rows) override {
      part_.rows.push_back(std::make_shared<const data::DeltaBatch>(rows));
      updates_ += rows.size();
      return {};
    }
    Status append_errors(const data::DeltaBatch& errors) override {
      part_.errors.push_back(std::make_shared<const data::DeltaBatch>(errors));
      updates_ += errors.size();
      return {};
    }
    Result<storage::StagedParts> finish() override {
      if (host_.fail_staging_ == id_) return fail(sql_state::kSystemError, "no room");
      std::lock_guard lock(host_.mutex_);
      storage::StagedParts out;
      out.collection = id_;
      out.updates = std::exchange(updates_, 0);
      if (out.updates == 0) return out;
      out.parts.push_back({++host_.next_part_, 1, false, out.updates, 0});
      host_.parts_[host_.next_part_] = std::exchange(part_, {});
      return out;
    }
    uint64_t bytes_in_memory() const override { return 0; }

   private:
    FakeHost& host_;
    CollectionId id_;
    Part part_;
    uint64_t updates_ = 0;
  };

  static void add(Contents& to, const data::DeltaBatch& batch) {
    for (size_t row = 0; row < batch.size(); ++row) {
      std::string text;
      for (size_t i = 0; i < batch.num_columns(); ++i) {
        types::Datum value = batch.column(i).datum(row);
        if (i > 0) text += '|';
        if (value.is_null()) {
          text += "null";
        } else if (batch.column(i).kind() == data::PhysicalKind::kBytes) {
          text += value.as_bytes();
        } else {
          text += std::to_string(value.as_int());
        }
      }
      change(to, text, batch.diff(row));
    }
  }
  static void add_errors(Contents& to, const data::DeltaBatch& batch) {
    for (size_t row = 0; row < batch.size(); ++row) {
      change(to, data::RowError::decode(batch.column(0).bytes(row)).message, batch.diff(row));
    }
  }
  static void change(Contents& to, const std::string& text, int64_t diff) {
    if ((to[text] += diff) == 0) to.erase(text);
  }
  void publish_parts(const storage::StagedParts& parts) {
    for (const storage::PartRef& ref : parts.parts) {
      Part& part = parts_.at(ref.id);
      for (const data::BatchRef& batch : part.rows) add(contents_[parts.collection], *batch);
      for (const data::BatchRef& batch : part.errors) add_errors(errors_[parts.collection], *batch);
      parts_.erase(ref.id);
    }
  }
  Contents locked(const std::map<CollectionId, Contents>& all, CollectionId id) const {
    std::lock_guard lock(mutex_);
    auto found = all.find(id);
    return found == all.end() ? Contents() : found->second;
  }

  mutable std::mutex mutex_;
  std::map<CollectionId, Contents> contents_;
  std::map<CollectionId, Contents> errors_;
  std::set<CollectionId> published_;
  std::map<std::string, std::string> facts_;
  std::map<uint64_t, Part> parts_;
  uint64_t next_part_ = 0;
  size_t inputs_ = 0;
  bool full_ = false;
  bool hold_durable_ = false;
  std::optional<CollectionId> fail_staging_;
  std::vector<std::function<void()>> waiting_;
  std::vector<SourceStatus> statuses_;
  connect::PostgresOptions options_;
};

// --- messages ---

// A value: text, "\\N" for NULL, "\\u" for an unchanged one.
inline void put_tuple(std::string& out, const std::vector<std::string>& values) {
  format::put_big_endian(out, static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) {
    if (value == "\\N" || value == "\\u") {
      out += value == "\\N" ? 'n' : 'u';
      continue;
    }
    out += 't';
    format::put_big_endian(out, static_cast<uint32_t>(value.size()));
    out += value;
  }
}
inline std::string begin_message(uint64_t commit_lsn) {
  std::string out = "B";
  format::put_big_endian(out, commit_lsn);
  format::put_big_endian(out, int64_t{0});
  format::put_big_endian(out, uint32_t{1});
  return out;
}
inline std::string commit_message(uint64_t commit_lsn, uint64_t end_lsn) {
  std::string out = "C";
  out += '\0';
  format::put_big_endian(out, commit_lsn);
  format::put_big_endian(out, end_lsn);
  format::put_big_endian(out, int64_t{0});
  return out;
}
struct MessageColumn {
  std::string name;
  uint32_t type_oid = 0;
};
inline std::string relation_message(uint32_t oid, const std::string& name,
                                    const std::vector<MessageColumn>& columns) {
  std::string out = "R";
  format::put_big_endian(out, oid);
  out += std::string("public") + '\0' + name + '\0' + 'f';
  format::put_big_endian(out, static_cast<uint16_t>(columns.size()));
  for (const MessageColumn& column : columns) {
    out += '\1';
    out += column.name + '\0';
    format::put_big_endian(out, column.type_oid);
    format::put_big_endian(out, int32_t{-1});
  }
  return out;
}
inline std::string insert_message(uint32_t oid, const std::vector<std::string>& row) {
  std::string out = "I";
  format::put_big_endian(out, oid);
  out += 'N';
  put_tuple(out, row);
  return out;
}
inline std::string update_message(uint32_t oid, const std::vector<std::string>& before,
                                  const std::vector<std::string>& after) {
  std::string out = "U";
  format::put_big_endian(out, oid);
  if (!before.empty()) {
    out += 'O';
    put_tuple(out, before);
  }
  out += 'N';
  put_tuple(out, after);
  return out;
}
inline std::string delete_message(uint32_t oid, const std::vector<std::string>& row) {
  std::string out = "D";
  format::put_big_endian(out, oid);
  out += 'O';
  put_tuple(out, row);
  return out;
}
inline std::string truncate_message(uint32_t oid) {
  std::string out = "T";
  format::put_big_endian(out, uint32_t{1});
  out += '\0';
  format::put_big_endian(out, oid);
  return out;
}

// Table public.NAME (id int4 not null primary key, v text).
inline defs::SourceTableDef table_def(uint32_t oid, const std::string& name) {
  defs::SourceTableDef def;
  def.source = ObjectId{1};
  def.upstream.oid = oid;
  def.upstream.schema_name = "public";
  def.upstream.table_name = name;
  def.upstream.columns = {{"id", 1, 23, -1, true}, {"v", 2, 25, -1, false}};
  def.upstream.keys = {{name + "_pkey", true, false, {0}}};
  def.columns = {0, 1};
  def.as_text = {false, false};
  def.relation.columns = {{"id", {types::SqlType::of(types::TypeId::kInt4), false}},
                          {"v", {types::SqlType::of(types::TypeId::kText), true}}};
  def.relation.keys = {{0}};
  return def;
}
inline std::vector<MessageColumn> table_columns() {
  return {{"id", 23}, {"v", 25}};
}

}  // namespace penstock::sources
