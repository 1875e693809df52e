// Bootstrap, restart, and the startup packet.
#include "coordinator/startup.h"

#include <fmt/core.h>

#include <algorithm>
#include <random>
#include <set>

#include "coordinator/outside/stored_ledger.h"
#include "coordinator/sequence/item_facts.h"
#include "sinks/progress.h"

namespace penstock::coordinator {
namespace {

// "-c a=b -cc=d --e=f g\ h", as PostgreSQL reads its options.
std::vector<std::pair<std::string, std::string>> parse_options(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == ' ') {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      word += text[i];
    }
  }
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string setting;
    if (words[i] == "-c" && i + 1 < words.size()) {
      setting = words[++i];
    } else if (words[i].starts_with("--")) {
      setting = words[i].substr(2);
    } else if (words[i].starts_with("-c")) {
      setting = words[i].substr(2);
    } else {
      setting = words[i];
    }
    size_t equals = setting.find('=');
    std::string name = setting.substr(0, equals);
    std::ranges::replace(name, '-', '_');
    out.emplace_back(name, equals == std::string::npos ? "" : setting.substr(equals + 1));
  }
  return out;
}

}  // namespace

std::string random_uuid() {
  std::random_device random;
  auto word = [&] { return static_cast<unsigned>(random()); };
  unsigned a = word();
  unsigned b = word();
  unsigned c = word();
  unsigned d = word();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xFFF,
                     (c >> 16 & 0x3FFF) | 0x8000, c & 0xFFFF, d);
}

std::vector<catalog::CatalogChange> first_changes(const ServerIdentity& identity, IdMint& ids) {
  const std::string& role = identity.bootstrap_role;
  return {catalog::CreateRole{role},
          catalog::CreateDatabase{ids.plain(), identity.bootstrap_database, role},
          catalog::CreateSchema{ids.plain(), identity.bootstrap_database, "public", role},
          catalog::CreateCluster{ClusterId{ids.plain()}, "quickstart", "1", 1, role}};
}

Status run_maintained(const catalog::CatalogState& catalog, engine::Engine& engine) {
  for (const auto& [id, cluster] : catalog.clusters()) engine.create_cluster(id);
  for (const auto& [id, item] : catalog.items()) {
    if (item->kind == catalog::ItemKind::kMaterializedView) {
      ASSIGN_OR_RETURN(engine::ViewSpec spec, view_spec(*item, catalog));
      RETURN_IF_ERROR(engine.run_view(std::move(spec)));
    } else if (item->kind == catalog::ItemKind::kIndex) {
      ASSIGN_OR_RETURN(engine::IndexSpec spec, index_spec(*item, catalog));
      RETURN_IF_ERROR(engine.run_index(std::move(spec)));
    } else if (item->kind == catalog::ItemKind::kSink) {
      ASSIGN_OR_RETURN(std::optional<engine::ViewSpec> spec, resolved_spec(*item, catalog));
      if (spec) RETURN_IF_ERROR(engine.run_view(*std::move(spec)));
    }
  }
  return {};
}

Status drop_unowned_collections(const catalog::CatalogState& catalog, storage::Storage& storage) {
  std::set<CollectionId> owned;
  for (const auto& [id, item] : catalog.items()) {
    owned.insert(CollectionId{id.value});
    const auto* sink = std::get_if<defs::SinkDef>(&item->facts);
    if (sink != nullptr && sink->resolved) owned.insert(*sink->resolved);
  }
  storage::Changes changes;
  for (const storage::CollectionInfo& info : storage.reader().all()) {
    if (!owned.contains(info.spec.id)) changes.drop.push_back(info.spec.id);
  }
  if (changes.drop.empty()) return {};
  ASSIGN_OR_RETURN([[maybe_unused]] storage::LogPosition position,
                   storage.writer().append_changes(changes, storage::SyncUrgency::kSoon));
  return {};
}

Status forget_unneeded_lives(const catalog::CatalogState& catalog, storage::Storage& storage) {
  // The clean-up behind a dropped sink judges the records of any life.
  ASSIGN_OR_RETURN(auto cleanups, storage.meta().scan(std::string(kCleanupPrefix)));
  if (!cleanups.empty()) return {};
  std::vector<sinks::LifeId> needed;
  for (const auto& [id, item] : catalog.items()) {
    if (item->kind != catalog::ItemKind::kSink) continue;
    ASSIGN_OR_RETURN(std::optional<std::string> stored, storage.meta().get(sink_place_key(id)));
    std::optional<sinks::SinkPlace> place =
        stored ? sinks::SinkPlace::decode(*stored) : std::nullopt;
    // A sink without K may have committed already, in any life since it was made.
    if (!place || !place->k) return {};
    needed.push_back(place->k->life);
  }
  const std::vector<storage::Life> lives = storage.lives();
  for (const storage::Life& life : lives) {
    sinks::LifeId id = life_id(life.id);
    bool is_last = &life == &lives.back();
    if (is_last || std::ranges::find(needed, id) != needed.end()) {
      return storage.forget_lives_before(life.id);
    }
  }
  return {};
}

Status forget_dropped_secrets(const catalog::CatalogState& catalog, Cleanup& cleanup,
                              SecretStore& secrets) {
  for (ObjectId secret : secrets.ids()) {
    if (catalog.item(secret) || cleanup.keeps_secret(secret)) continue;
    RETURN_IF_ERROR(secrets.remove(secret));
  }
  return {};
}

Result<OpenedSession> read_startup(const StartupRequest& request, const ServerIdentity& identity) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::string user = identity.bootstrap_role;
  std::string database = identity.bootstrap_database;
  for (const auto& [name, value] : request.parameters) {
    if (name == "user") {
      user = value;
    } else if (name == "database") {
      database = value;
    } else if (name == "options") {
      auto options = parse_options(value);
      settings.insert(settings.end(), options.begin(), options.end());
    } else if (name != "replication" && !name.starts_with("_pq_.")) {
      settings.emplace_back(name, value);
    }
  }
  bool system_role = user == "mz_system";
  if (system_role != request.internal_port) {
    return fail(sql_state::kInsufficientPrivilege,
                fmt::format("unauthorized login to user '{}'", user));
  }
  OpenedSession out{.variables = SessionVariables(std::map<std::string, std::string>{
                        {"database", database},
                        {"is_superuser", system_role ? "on" : "off"},
                        {"mz_version", fmt::format("v{} (penstock)", identity.version)}}),
                    .role = user,
                    .is_superuser = system_role,
                    .notices = {}};
  for (const auto& [name, value] : settings) {
    Status set = out.variables.set(name, value, false);
    if (!set) {
      out.notices.push_back(
          {"NOTICE", Error(set.error().state, fmt::format("startup setting {} not set: {}", name,
                                                          set.error().message))});
    }
  }
  out.variables.make_defaults();
  return out;
}

void greet(Session& session, const ServerIdentity& identity, const catalog::CatalogState& catalog) {
  SessionVariables& variables = session.variables();
  if (variables.is_on("welcome_message")) {
    session.add_notice(
        {"NOTICE",
         Error(sql_state::kSuccessfulCompletion,
               fmt::format("connected to Penstock v{}\n  Environment ID: {}\n  User: {}\n"
                           "  Cluster: {}\n  Database: {}\n  Search path: {}\n  Session UUID: {}\n",
                           identity.version, identity.environment_id, session.role(),
                           variables.get("cluster"), variables.get("database"),
                           variables.get("search_path"), session.id()))});
  }
  if (!variables.is_on("current_object_missing_warnings")) return;
  if (!catalog.has_database(variables.get("database"))) {
    session.add_notice(
        {"NOTICE", Error(SqlState("MZ004"), fmt::format("session database \"{}\" does not exist",
                                                        variables.get("database")))});
  }
  if (!catalog.find_cluster(variables.get("cluster"))) {
    session.add_notice({"NOTICE", Error(SqlState("MZ005"),
                                        fmt::format("session default cluster \"{}\" does not exist",
                                                    variables.get("cluster")))});
  }
}

}  // namespace penstock::coordinator
