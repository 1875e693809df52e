// The names clients and brokers depend on.
#include "defs/names.h"

#include <gtest/gtest.h>

#include "defs/avro_names.h"

namespace penstock::defs {
namespace {

TEST(Names, AreThoseClientsDependOn) {
  ObjectId connection{kFirstUserId + 5};
  ObjectId sink{kFirstUserId + 7};
  EXPECT_EQ(object_id_text(ObjectId{12}), "s12");
  EXPECT_EQ(default_progress_topic("penstock-local-x-0", connection),
            "_materialize-progress-penstock-local-x-0-u5");
  EXPECT_EQ(client_identity("e", connection, sink), "materialize-e-u5-u7");
  EXPECT_EQ(progress_id(SinkDef(), sink), "u7");
  EXPECT_EQ(progress_key("u7"), "mz-sink-u7");
  EXPECT_EQ(penstock_progress_key("u7"), "penstock-sink-u7");
}

TEST(Names, ThoseOfASinkComeFromItsDefinitionFirst) {
  ObjectId connection{kFirstUserId + 5};
  KafkaConnectionDef kafka;
  EXPECT_EQ(progress_topic(kafka, "e", connection), "_materialize-progress-e-u5");
  kafka.progress_topic = "mine";
  EXPECT_EQ(progress_topic(kafka, "e", connection), "mine");
  SinkDef sink;
  sink.connection = connection;
  EXPECT_EQ(transactional_id(sink, "e", ObjectId{kFirstUserId + 7}), "materialize-e-u5-u7");
  sink.transactional_id_prefix = "team-";
  EXPECT_EQ(transactional_id(sink, "e", ObjectId{kFirstUserId + 7}), "team-materialize-e-u5-u7");
  sink.transactional_id = "theirs";
  EXPECT_EQ(transactional_id(sink, "e", ObjectId{kFirstUserId + 7}), "theirs");
  sink.progress_id = "u42";
  EXPECT_EQ(progress_id(sink, ObjectId{kFirstUserId + 7}), "u42");
}

TEST(AvroNames, OfSchemas) {
  EXPECT_EQ(malformed_avro_name("a.b_2.C"), std::nullopt);
  EXPECT_EQ(malformed_avro_name("a.2b.c"), "2b");
  EXPECT_EQ(malformed_avro_name("a..c"), "");
  EXPECT_EQ(malformed_avro_name(""), "");
  EXPECT_EQ(malformed_avro_name("some-name"), "some-name");
  EXPECT_TRUE(is_avro_primitive("a.string"));
  EXPECT_TRUE(is_avro_primitive("int"));
  EXPECT_FALSE(is_avro_primitive("ints"));
}

TEST(Names, TextAsANamespaceOfAvro) {
  EXPECT_EQ(avro_namespace("shop.public.orders"), "shop.public.orders");
  EXPECT_EQ(avro_namespace("my-topic.2nd"), "my_topic._2nd");
  EXPECT_EQ(avro_namespace(".a..b."), "_.a._.b._");
  EXPECT_EQ(avro_namespace(""), "_");
  for (std::string text : {"shop.public", "0", ".", "a..b", "\u00e4"}) {
    EXPECT_FALSE(malformed_avro_name(avro_namespace(text))) << text;
  }
}

}  // namespace
}  // namespace penstock::defs
