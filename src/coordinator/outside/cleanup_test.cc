// A clean-up follows its connection: where it leads now, or led last.
#include "coordinator/outside/cleanup.h"

#include <condition_variable>
#include <nlohmann/json.hpp>

#include "storage/storage_fixture_test.h"

namespace penstock::coordinator {
namespace {

constexpr ObjectId kConnection{5};

defs::PostgresConnectionDef postgres_at(const std::string& host, std::optional<ObjectId> password) {
  defs::PostgresConnectionDef def;
  def.host = host;
  def.user = "me";
  def.password = password;
  return def;
}
SlotCleanup slot(const defs::PostgresConnectionDef& connection) {
  return {ObjectId{7}, "slot", kConnection, connection};
}
SinkCleanup sink_at(const std::string& broker) {
  SinkCleanup cleanup;
  cleanup.sink = ObjectId{8};
  cleanup.connection_id = kConnection;
  cleanup.connection.brokers = {broker};
  cleanup.connection.security_protocol = "plaintext";
  cleanup.progress_topic = "progress";
  return cleanup;
}
std::string place_of(const CleanupTask& task) {
  const auto* slot = std::get_if<SlotCleanup>(&task);
  return slot != nullptr ? slot->connection.host
                         : std::get<SinkCleanup>(task).connection.brokers.at(0);
}

catalog::CatalogState catalog_with(const catalog::ItemFacts& connection) {
  catalog::CatalogItem item;
  item.id = kConnection;
  item.kind = catalog::ItemKind::kConnection;
  item.name = {"d", "public", "c"};
  item.facts = connection;
  catalog::CatalogState state;
  state.apply(catalog::PutItem{std::make_shared<const catalog::CatalogItem>(item)});
  return state;
}

TEST(CleanupRow, KeepsWhichConnectionItWas) {
  for (const CleanupTask& task :
       {CleanupTask(slot(postgres_at("old", ObjectId{9}))), CleanupTask(sink_at("old:9092"))}) {
    auto read = decode_cleanup(cleanup_key(task), encode_cleanup(task));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(encode_cleanup(*read), encode_cleanup(task));
    std::visit([](const auto& cleanup) { EXPECT_EQ(cleanup.connection_id, kConnection); }, *read);
  }
}

TEST(CleanupRow, KeepsHowOneLogsInAtKafka) {
  SinkCleanup cleanup = sink_at("b:9093");
  defs::KafkaConnectionDef& c = cleanup.connection;
  c.security_protocol = "sasl_ssl";
  c.ssl_certificate_authority = "pem";
  c.ssl_certificate = ObjectId{31};
  c.ssl_key = ObjectId{32};
  c.sasl_mechanism = "PLAIN";
  c.sasl_username = ObjectId{33};
  c.sasl_password = ObjectId{34};
  c.aws_connection = ObjectId{35};
  cleanup.aws = defs::AwsConnectionDef{"e", "r", "id", ObjectId{36}, ObjectId{37}};
  auto read = decode_cleanup(cleanup_key(cleanup), encode_cleanup(cleanup));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_cleanup(*read), encode_cleanup(cleanup));
  const auto& out = std::get<SinkCleanup>(*read);
  EXPECT_EQ(out.connection.sasl_mechanism, "PLAIN");
  EXPECT_EQ(out.connection.ssl_certificate_authority, defs::TextOrSecret("pem"));
  EXPECT_EQ(out.connection.aws_connection, ObjectId{35});
  ASSERT_TRUE(out.aws);
  EXPECT_EQ(out.aws->region, "r");
  EXPECT_EQ(out.aws->access_key_id, defs::TextOrSecret("id"));
  for (uint64_t secret : {31, 32, 33, 34, 36, 37}) {
    EXPECT_TRUE(uses_secret(*read, ObjectId{secret})) << secret;
  }
  EXPECT_FALSE(uses_secret(*read, ObjectId{35}));
}

TEST(CleanupRow, OneOfAnEarlierVersionNamesNone) {
  using Json = nlohmann::json;
  for (const CleanupTask& task :
       {CleanupTask(slot(postgres_at("old", std::nullopt))), CleanupTask(sink_at("old:9092"))}) {
    Json json = Json::from_cbor(encode_cleanup(task));
    json.erase("connection");
    std::vector<uint8_t> bytes = Json::to_cbor(json);
    auto read = decode_cleanup(cleanup_key(task), std::string(bytes.begin(), bytes.end()));
    ASSERT_TRUE(read.has_value());
    EXPECT_FALSE(renew_connection(*read, catalog_with(postgres_at("new", std::nullopt))));
    EXPECT_EQ(place_of(*read), place_of(task));
  }
}

TEST(CleanupRow, TheConnectionIsTakenOverWhileItExists) {
  CleanupTask sink = sink_at("old:9092");
  EXPECT_FALSE(renew_connection(sink, catalog::CatalogState()));
  EXPECT_EQ(place_of(sink), "old:9092");
  defs::KafkaConnectionDef altered = std::get<SinkCleanup>(sink).connection;
  altered.brokers = {"new:9092"};
  altered.progress_topic = "another";
  EXPECT_TRUE(renew_connection(sink, catalog_with(altered)));
  EXPECT_FALSE(renew_connection(sink, catalog_with(altered)));
  EXPECT_EQ(place_of(sink), "new:9092");
  EXPECT_EQ(std::get<SinkCleanup>(sink).progress_topic, "progress") << "where its records are";
  CleanupTask source = slot(postgres_at("old", std::nullopt));
  EXPECT_TRUE(renew_connection(source, catalog_with(postgres_at("new", std::nullopt))));
  EXPECT_EQ(place_of(source), "new");
}

// A clean-up that is never done.
class CleaningUp : public storage::StorageTest {
 protected:
  CleaningUp() {
    open();
    declare(postgres_at("old", std::nullopt));
    start();
  }
  void start() {
    auto file = storage::SecretFile::open(options_.directory);
    ASSERT_TRUE(file.has_value());
    secrets_ = std::make_unique<SecretStore>(std::move(*file));
    cleanup_ = std::make_unique<Cleanup>(
        *storage_, *secrets_,
        [this] {
          std::lock_guard lock(mutex_);
          return catalog_;
        },
        [this](const CleanupTask& task, const StopToken&) { return attempt(task); });
    ASSERT_TRUE(cleanup_->start().has_value());
  }
  ~CleaningUp() override { cleanup_.reset(); }

  Status attempt(const CleanupTask& task) {
    std::lock_guard lock(mutex_);
    tried_ = place_of(task);
    changed_.notify_all();
    return fail(sql_state::kSystemError, "nobody there");
  }
  // Nothing: it is dropped.
  void declare(const std::optional<defs::PostgresConnectionDef>& connection) {
    std::lock_guard lock(mutex_);
    catalog_ = std::make_shared<const catalog::CatalogState>(connection ? catalog_with(*connection)
                                                                        : catalog::CatalogState());
  }
  void drop_source(const SlotCleanup& task) {
    storage::Changes changes;
    changes.meta.push_back({cleanup_key(task), encode_cleanup(task)});
    ASSERT_TRUE(
        storage_->writer().append_changes(changes, storage::SyncUrgency::kSoon).has_value());
    cleanup_->begin(task);
  }
  // The next attempt at the place, or nothing within a while.
  bool tries(const std::string& place) {
    std::unique_lock lock(mutex_);
    tried_.clear();
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return tried_ == place; });
  }
  void restart() {
    cleanup_.reset();
    sync();
    crash();
    start();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string tried_;
  CatalogSnapshot catalog_;
  std::unique_ptr<SecretStore> secrets_;
  std::unique_ptr<Cleanup> cleanup_;
};

TEST_F(CleaningUp, GoesWhereTheConnectionLeadsNow) {
  drop_source(slot(postgres_at("old", std::nullopt)));
  EXPECT_TRUE(tries("old"));
  declare(postgres_at("new", std::nullopt));
  EXPECT_TRUE(tries("new"));
}

TEST_F(CleaningUp, AndWhereItLedLastWhenItIsDroppedToo) {
  drop_source(slot(postgres_at("old", std::nullopt)));
  declare(postgres_at("new", std::nullopt));
  EXPECT_TRUE(tries("new"));
  declare(std::nullopt);
  EXPECT_TRUE(tries("new"));
  restart();
  EXPECT_TRUE(tries("new"));
}

TEST_F(CleaningUp, KeepsTheSecretItLogsInWithNow) {
  constexpr ObjectId kOld{20};
  constexpr ObjectId kNew{21};
  for (ObjectId secret : {kOld, kNew}) {
    ASSERT_TRUE(secrets_->put(secret, SecretString("word")).has_value());
  }
  drop_source(slot(postgres_at("old", kOld)));
  declare(postgres_at("new", kNew));
  EXPECT_TRUE(tries("new"));
  EXPECT_FALSE(cleanup_->keeps_secret(kOld));
  EXPECT_TRUE(cleanup_->keeps_secret(kNew));
}

}  // namespace
}  // namespace penstock::coordinator
