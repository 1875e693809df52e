// ORDER BY … LIMIT k OFFSET o within groups (DISTINCT ON is k = 1), non-linear:
//
//   Δout = Σ over touched groups: -window(before) + window(after)
//
// A group is an ordered multiset of its rows, each one byte string whose memcmp order is the wanted
// order: the sort key of the order's columns, then of all others ascending, so that the window is a
// function of the group. Columns that a sort key does not give back exactly follow as row bytes.
// The first touch of a group in a step saves its window; flush() pushes what the windows differ in.
// Rows of negative weight are in no window.
//
// A monotonic top-k (offset 0, no retractions by plan) forgets the losers.
#pragma once

#include <optional>
#include <vector>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "data/sort_key_codec.h"
#include "dataflow/graveyard.h"
#include "dataflow/key_index.h"
#include "dataflow/negative_rows.h"
#include "dataflow/operator.h"
#include "dataflow/ordered_sets.h"
#include "dataflow/state_options.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

// Rows of a top-k as ordered byte strings, without the columns that the group's key gives back.
class TopKRowCodec {
 public:
  TopKRowCodec(const std::vector<types::ColumnType>& types, const std::vector<size_t>& group,
               const std::vector<plan::SortColumn>& order);

  // Of every string, a multiple of 8; 0 = they differ.
  size_t fixed_bytes() const { return fixed_bytes_; }
  void encode(const data::DeltaBatch& chunk, data::EncodedRows& out);
  // The columns of rows from their strings and the keys of their groups.
  std::vector<data::Column> decode(std::span<const std::string_view> strings,
                                   std::span<const char* const> group_keys) const;
  const data::KeyCodec& group_codec() const { return group_codec_; }

 private:
  enum class Place : uint8_t { kGroup, kSortKey, kRest };
  struct Source {
    Place place = Place::kSortKey;
    size_t field = 0;
  };

  std::vector<data::PhysicalKind> kinds_;
  std::vector<size_t> group_columns_;
  std::vector<size_t> sort_columns_;
  std::vector<size_t> rest_columns_;
  std::vector<Source> sources_;
  data::KeyCodec group_codec_;
  data::SortKeyCodec sort_codec_;
  data::RowCodec rest_codec_;
  size_t fixed_bytes_ = 0;
  data::EncodedRows sort_keys_;  // Scratch.
  data::EncodedRows rests_;
};

class TopKOperator final : public Operator {
 public:
  TopKOperator(const plan::TopKNode& node, const std::vector<types::ColumnType>& types,
               const StateOptions& options);
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  void flush(Emitter& out) override;
  OperatorStats stats() const override;

 private:
  struct Touched {
    char* payload;
    size_t saved_begin;  // Elements in saved_.
    size_t saved_end;
  };
  // Appends the elements of the group's window to `out`, their weights cut to what is in it.
  void append_window(const char* payload, std::vector<char>& out) const;
  void append_difference(const Touched& touched, const std::vector<char>& window);
  void push_rows(Emitter& out);
  void push_differences(Emitter& out);

  plan::TopKNode node_;
  TopKRowCodec codec_;
  data::HashMode hash_mode_;
  RowArena arena_;
  Graveyard graveyard_;
  OrderedSets sets_;
  KeyIndex index_;
  NegativeRows negatives_;
  size_t num_rows_ = 0;

  std::vector<Touched> touched_;
  std::vector<char> saved_;
  // Output rows not pushed yet, and scratch.
  std::vector<std::string_view> out_strings_;
  std::vector<const char*> out_keys_;
  std::vector<int64_t> out_diffs_;
  data::EncodedRows keys_;
  data::EncodedRows rows_;
  std::vector<uint64_t> hashes_;
  std::vector<char*> payloads_;
};

}  // namespace penstock::dataflow
