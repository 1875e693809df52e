// Gauges by name.
#include "coordinator/outside/sink_gauges.h"

#include "base/metrics.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

Gauge& of_sink(ObjectId sink, const char* name, const char* help) {
  return metric_gauge(name, help, {{"sink_id", defs::object_id_text(sink)}});
}
// One thread does everything of a sink.
Gauge& of_worker(ObjectId sink, const char* name, const char* help) {
  return metric_gauge(name, help, {{"sink_id", defs::object_id_text(sink)}, {"worker_id", "0"}});
}

void put(Gauge& gauge, uint64_t value) {
  gauge.set(static_cast<double>(value));
}

}  // namespace

struct SinkGauges::Gauges {
  explicit Gauges(ObjectId sink)
      : messages_staged(
            of_worker(sink, "mz_sink_messages_staged", "Messages committed or on their way")),
        messages_committed(of_worker(sink, "mz_sink_messages_committed", "Messages committed")),
        bytes_staged(
            of_worker(sink, "mz_sink_bytes_staged", "Keys and values committed or on their way")),
        bytes_committed(of_worker(sink, "mz_sink_bytes_committed", "Keys and values committed")),
        open_messages(of_sink(sink, "mz_sink_rdkafka_msg_cnt",
                              "Messages of the transaction that is not ended")),
        open_bytes(of_sink(sink, "mz_sink_rdkafka_msg_size",
                           "Keys and values of the transaction that is not ended")),
        records(of_sink(sink, "mz_sink_rdkafka_txmsgs",
                        "Records in batches sent to brokers, progress records included")),
        record_bytes(
            of_sink(sink, "mz_sink_rdkafka_txmsg_bytes", "Of those records, before compression")),
        requests(of_sink(sink, "mz_sink_rdkafka_tx", "Requests sent to brokers")),
        request_bytes(of_sink(sink, "mz_sink_rdkafka_tx_bytes", "Bytes sent to brokers")),
        in_flight(of_sink(sink, "mz_sink_rdkafka_waitresp_cnt", "Requests without an answer yet")),
        lost(of_sink(sink, "mz_sink_rdkafka_txerrs",
                     "Requests never answered: a connection broke or a deadline passed")),
        sent_again(of_sink(sink, "mz_sink_rdkafka_txretries", "Batches sent again")),
        connects(of_sink(sink, "mz_sink_rdkafka_connects", "Connections made to brokers")),
        disconnects(of_sink(sink, "mz_sink_rdkafka_disconnects",
                            "Connections that ended or could not be made")),
        outstanding(of_sink(sink, "mz_sink_oustanding_progress_records",
                            "Offsets of the progress topic still to be read at a start")),
        consumed(of_sink(sink, "mz_sink_consumed_progress_records",
                         "Records of the progress topic that were read")),
        partitions(of_sink(sink, "mz_sink_partition_count", "Partitions of the topic")) {}

  void set_client(const connect::kafka::ClientCounts& counts) {
    uint64_t sent = 0;
    uint64_t waiting = 0;
    uint64_t never = 0;
    for (const connect::kafka::ApiCounts& api : counts.apis) {
      sent += api.requests;
      waiting += api.in_flight();
      never += api.lost;
    }
    put(records, counts.batch_records);
    put(record_bytes, counts.record_bytes);
    put(requests, sent);
    put(request_bytes, counts.sent_bytes);
    put(in_flight, waiting);
    put(lost, never);
    put(sent_again, counts.batches_sent_again);
    put(connects, counts.connects);
    put(disconnects, counts.disconnects);
  }
  void set_report(const sinks::SinkReport& report) {
    const sinks::SinkStatistics statistics = report.statistics();
    put(messages_staged, statistics.messages_staged);
    put(messages_committed, statistics.messages_committed);
    put(bytes_staged, statistics.bytes_staged);
    put(bytes_committed, statistics.bytes_committed);
    put(open_messages, statistics.messages_staged - statistics.messages_committed);
    put(open_bytes, statistics.bytes_staged - statistics.bytes_committed);
    const sinks::ProgressReading reading = report.progress_reading();
    outstanding.set(static_cast<double>(reading.outstanding));
    put(consumed, reading.consumed);
    partitions.set(report.partition_count());
  }

  Gauge& messages_staged;
  Gauge& messages_committed;
  Gauge& bytes_staged;
  Gauge& bytes_committed;
  Gauge& open_messages;
  Gauge& open_bytes;
  Gauge& records;
  Gauge& record_bytes;
  Gauge& requests;
  Gauge& request_bytes;
  Gauge& in_flight;
  Gauge& lost;
  Gauge& sent_again;
  Gauge& connects;
  Gauge& disconnects;
  Gauge& outstanding;
  Gauge& consumed;
  Gauge& partitions;
};

SinkGauges::SinkGauges(ObjectId sink) : gauges_(std::make_unique<Gauges>(sink)) {}
SinkGauges::~SinkGauges() = default;

void SinkGauges::set(const sinks::SinkReport& report,
                     const connect::kafka::ClientCounts& counts) const {
  gauges_->set_client(counts);
  gauges_->set_report(report);
}

}  // namespace penstock::coordinator
