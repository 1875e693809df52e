// Progress records as JSON.
#include "sinks/progress_record.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace penstock::sinks {
namespace {

using Json = nlohmann::json;

std::string_view kind_name(BulkKind kind) {
  switch (kind) {
    case BulkKind::kSnapshot:
      return "snapshot";
    case BulkKind::kTick:
      return "tick";
    case BulkKind::kNetChange:
      return "net-change";
    case BulkKind::kDifference:
      return "difference";
  }
  return "";
}

std::optional<BulkKind> parse_kind(const std::string& name) {
  for (BulkKind kind :
       {BulkKind::kSnapshot, BulkKind::kTick, BulkKind::kNetChange, BulkKind::kDifference}) {
    if (kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

// None = missing or of another kind.
std::optional<uint64_t> number(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

std::optional<BulkCursor> parse_bulk(const Json& object) {
  if (!object.is_object() || !object.contains("kind") || !object["kind"].is_string()) {
    return std::nullopt;
  }
  auto kind = parse_kind(object["kind"].get<std::string>());
  auto from = number(object, "from");
  auto time = number(object, "time");
  auto units = number(object, "units");
  auto hash = number(object, "hash");
  if (!kind || !from || !time || !units || !hash) return std::nullopt;
  return BulkCursor{*kind, {*from}, {*time}, *units, *hash};
}

std::optional<ProgressRecord> parse(const Json& object) {
  ProgressRecord record;
  if (auto timestamp = object.find("timestamp"); timestamp != object.end()) {
    if (timestamp->is_null()) {
      record.claim.frontier = Timestamp::max();
      return record;
    }
    if (!timestamp->is_number_unsigned()) return std::nullopt;
    record.claim.frontier = {timestamp->get<uint64_t>() + 1};
    return record;
  }
  auto frontier = object.find("frontier");
  if (frontier == object.end() || !frontier->is_array() || frontier->size() > 1)
    return std::nullopt;
  record.claim.frontier = Timestamp::max();
  if (!frontier->empty()) {
    if (!frontier->front().is_number_unsigned()) return std::nullopt;
    record.claim.frontier = {frontier->front().get<uint64_t>()};
  }
  if (object.contains("version")) {
    auto version = number(object, "version");
    if (!version) return std::nullopt;
    record.version = *version;
  }
  if (object.contains("life")) {
    if (!object["life"].is_string()) return std::nullopt;
    record.life = parse_life(object["life"].get<std::string>());
    if (!record.life) return std::nullopt;
  }
  if (object.contains("bulk")) {
    record.claim.bulk = parse_bulk(object["bulk"]);
    if (!record.claim.bulk) return std::nullopt;
  }
  return record;
}

}  // namespace

std::string compatible_record(Timestamp frontier, uint64_t version) {
  return fmt::format(R"({{"frontier":[{}],"version":{}}})", frontier.ms, version);
}

std::string own_record(const ProgressClaim& claim, uint64_t version, const LifeId& life) {
  std::string out = fmt::format(R"({{"frontier":[{}],"version":{},"life":"{}")", claim.frontier.ms,
                                version, to_text(life));
  if (claim.bulk) {
    out += fmt::format(R"(,"bulk":{{"kind":"{}","from":{},"time":{},"units":{},"hash":{}}})",
                       kind_name(claim.bulk->kind), claim.bulk->from.ms, claim.bulk->time.ms,
                       claim.bulk->units, claim.bulk->hash);
  }
  return out + "}";
}

Result<ProgressRecord> parse_progress_record(std::string_view payload) {
  Json object = Json::parse(payload, nullptr, false);
  std::optional<ProgressRecord> record;
  if (object.is_object()) record = parse(object);
  if (!record) {
    return fail(sql_state::kDataException, "invalid progress record: " + std::string(payload));
  }
  return *record;
}

}  // namespace penstock::sinks
