// The names of every option list of the dialect. Order is the order in which an error lists them.
#pragma once

#include "sql/parse/option_list.h"

namespace penstock::sql::option_specs {

inline constexpr OptionSpec kConnection[] = {
    {"ACCESS KEY ID"},
    {"ASSUME ROLE ARN"},
    {"ASSUME ROLE SESSION NAME"},
    {"AVAILABILITY ZONES"},
    {"AWS CONNECTION", OptionRule::kItem},
    {"AWS PRIVATELINK", OptionRule::kPrivatelink},
    {"BROKER", OptionRule::kBroker},
    {"BROKERS", OptionRule::kBrokers},
    {"CATALOG TYPE"},
    {"CREDENTIAL"},
    {"DATABASE"},
    {"ENDPOINT"},
    {"HOST"},
    {"PASSWORD"},
    {"PORT"},
    {"PROGRESS TOPIC"},
    {"PROGRESS TOPIC REPLICATION FACTOR"},
    {"PUBLIC KEY 1"},
    {"PUBLIC KEY 2"},
    {"REGION"},
    {"REGISTRY"},
    {"SASL MECHANISMS"},
    {"SASL PASSWORD"},
    {"SASL USERNAME"},
    {"SCOPE"},
    {"SECRET ACCESS KEY"},
    {"SECURITY PROTOCOL"},
    {"SERVICE ACCOUNT KEY"},
    {"SERVICE NAME"},
    {"SESSION TOKEN"},
    {"SSH TUNNEL", OptionRule::kItem},
    {"SSL CERTIFICATE"},
    {"SSL CERTIFICATE AUTHORITY"},
    {"SSL KEY"},
    {"SSL MODE"},
    {"URL"},
    {"USER"},
    {"USERNAME", OptionRule::kValue, "USER"},
    {"WAREHOUSE"},
};
inline constexpr OptionSpec kConnectionWith[] = {{"VALIDATE"}};
inline constexpr OptionSpec kPrivatelink[] = {{"AVAILABILITY ZONE"}, {"PORT"}};

inline constexpr OptionSpec kKafkaSource[] = {
    {"GROUP ID PREFIX"},
    {"START OFFSET"},
    {"START TIMESTAMP"},
    {"TOPIC"},
    {"TOPIC METADATA REFRESH INTERVAL"},
};
inline constexpr OptionSpec kPostgresSource[] = {
    {"DETAILS"},
    {"EXCLUDE COLUMNS", OptionRule::kItems},
    {"PUBLICATION"},
    {"TEXT COLUMNS", OptionRule::kItems},
};
inline constexpr OptionSpec kMysqlSource[] = {
    {"DETAILS"},
    {"EXCLUDE COLUMNS", OptionRule::kItems},
    {"IGNORE COLUMNS", OptionRule::kItems, "EXCLUDE COLUMNS"},
    {"TEXT COLUMNS", OptionRule::kItems},
};
inline constexpr OptionSpec kLoadGenerator[] = {
    {"AS OF"},         {"BATCH SIZE"},
    {"KEYS"},          {"MAX CARDINALITY"},
    {"PARTITIONS"},    {"SCALE FACTOR"},
    {"SEED"},          {"SNAPSHOT ROUNDS"},
    {"TICK INTERVAL"}, {"TRANSACTIONAL SNAPSHOT"},
    {"UP TO"},         {"VALUE SIZE"},
};
inline constexpr OptionSpec kSourceWith[] = {
    {"RETAIN HISTORY", OptionRule::kHistory},
    {"TIMESTAMP INTERVAL"},
};
inline constexpr OptionSpec kTableFromSource[] = {
    {"REFERENCE", OptionRule::kItem},
    {"DETAILS"},
};
inline constexpr OptionSpec kTableFromSourceWith[] = {
    {"TEXT COLUMNS", OptionRule::kItems},
    {"EXCLUDE COLUMNS", OptionRule::kItems},
    {"IGNORE COLUMNS", OptionRule::kItems, "EXCLUDE COLUMNS"},
    {"DETAILS"},
    {"PARTITION BY"},
    {"RETAIN HISTORY", OptionRule::kHistory},
};
inline constexpr OptionSpec kAddSubsource[] = {
    {"DETAILS"},
    {"EXCLUDE COLUMNS", OptionRule::kItems},
    {"TEXT COLUMNS", OptionRule::kItems},
};

inline constexpr OptionSpec kTableWith[] = {
    {"PARTITION BY"},
    {"RETAIN HISTORY", OptionRule::kHistory},
};
inline constexpr OptionSpec kMaterializedViewWith[] = {
    {"ASSERT NOT NULL", OptionRule::kValue},
    {"PARTITION BY"},
    {"RETAIN HISTORY", OptionRule::kHistory},
    {"REFRESH", OptionRule::kRefresh},
};
inline constexpr OptionSpec kIndexWith[] = {{"RETAIN HISTORY", OptionRule::kHistory}};

inline constexpr OptionSpec kKafkaSink[] = {
    {"COMPRESSION TYPE"},
    {"LEGACY IDS"},
    {"PARTITION BY", OptionRule::kExpression},
    {"PROGRESS GROUP ID PREFIX"},
    {"TOPIC"},
    {"TOPIC CONFIG"},
    {"TOPIC METADATA REFRESH INTERVAL"},
    {"TOPIC PARTITION COUNT"},
    {"TOPIC REPLICATION FACTOR"},
    {"TRANSACTIONAL ID PREFIX"},
    {"TRANSACTIONAL ID"},
    {"SINK ID"},
};
inline constexpr OptionSpec kSinkWith[] = {
    {"PARTITION STRATEGY"},  {"SNAPSHOT"},
    {"SNAPSHOT RATE LIMIT"}, {"VERSION"},
    {"COMMIT INTERVAL"},     {"TRANSACTION TIMEOUT"},
    {"MAX MESSAGE BYTES"},   {"LINGER"},
    {"PRODUCER CONFIG"},     {"VALIDATE"},
    {"EXCLUDE COLUMNS"},     {"JSON SCHEMAS"},
    {"DELIVERY GUARANTEE"},  {"KEY VIOLATIONS"},
    {"REFUSED MESSAGES"},    {"DEAD LETTER TOPIC"},
    {"RESOLVED COLLECTION"},
};
inline constexpr OptionSpec kDebeziumSink[] = {{"FIELDS"}, {"TOMBSTONES"}};
inline constexpr OptionSpec kAppendSink[] = {{"OPERATION COLUMN"}};
inline constexpr OptionSpec kConfluentRegistry[] = {
    {"AVRO KEY FULLNAME"},
    {"AVRO VALUE FULLNAME"},
    {"NULL DEFAULTS"},
    {"DOC ON TYPE", OptionRule::kDocOnItem},
    {"DOC ON COLUMN", OptionRule::kDocOnColumn},
    {"KEY DOC ON TYPE", OptionRule::kDocOnItem},
    {"KEY DOC ON COLUMN", OptionRule::kDocOnColumn},
    {"KEY COMPATIBILITY LEVEL"},
    {"VALUE DOC ON TYPE", OptionRule::kDocOnItem},
    {"VALUE DOC ON COLUMN", OptionRule::kDocOnColumn},
    {"VALUE COMPATIBILITY LEVEL"},
};
inline constexpr OptionSpec kGlueRegistry[] = {
    {"SCHEMA NAME"},
    {"KEY SCHEMA NAME"},
    {"VALUE SCHEMA NAME"},
    {"KEY COMPATIBILITY LEVEL"},
    {"VALUE COMPATIBILITY LEVEL"},
};
inline constexpr OptionSpec kAvroInline[] = {{"CONFLUENT WIRE FORMAT"}};

inline constexpr OptionSpec kCluster[] = {
    {"AVAILABILITY ZONES"},
    {"DISK"},
    {"INTROSPECTION DEBUGGING"},
    {"INTROSPECTION INTERVAL"},
    {"MANAGED"},
    {"REPLICAS", OptionRule::kReplicas},
    {"REPLICATION FACTOR"},
    {"SCHEDULE", OptionRule::kSchedule},
    {"SIZE"},
    {"WORKLOAD CLASS"},
};
inline constexpr OptionSpec kClusterReplica[] = {
    {"AVAILABILITY ZONE"},      {"DISK"}, {"INTROSPECTION DEBUGGING"},
    {"INTROSPECTION INTERVAL"}, {"SIZE"},
};

inline constexpr OptionSpec kSubscribe[] = {{"SNAPSHOT"}, {"PROGRESS"}};
inline constexpr OptionSpec kFetch[] = {{"TIMEOUT"}};
inline constexpr OptionSpec kCopy[] = {
    {"FORMAT"},        {"DELIMITER"}, {"NULL"},     {"QUOTE"},
    {"ESCAPE"},        {"HEADER"},    {"ENCODING"}, {"AWS CONNECTION", OptionRule::kItem},
    {"MAX FILE SIZE"}, {"FILES"},     {"PATTERN"},
};
inline constexpr OptionSpec kListType[] = {{"ELEMENT TYPE", OptionRule::kType}};
inline constexpr OptionSpec kMapType[] = {
    {"KEY TYPE", OptionRule::kType},
    {"VALUE TYPE", OptionRule::kType},
};

}  // namespace penstock::sql::option_specs
