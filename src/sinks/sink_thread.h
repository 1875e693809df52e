// The thread of one sink. Owned by whoever runs sinks; stopping is bounded (K9).
#pragma once

#include <memory>
#include <thread>

#include "base/stop_token.h"
#include "sinks/kafka_sink.h"

namespace penstock::sinks {

class SinkThread {
 public:
  // `world.stop` is ignored: the thread has a token of its own. All in `world` outlives it.
  SinkThread(SinkConfig config, const SinkWorld& world)
      : sink_(std::move(config),
              SinkWorld{world.kafka, world.stream, world.ledger, world.report, world.clock, stop_}),
        thread_([this] { run(); }) {}
  ~SinkThread() {
    stop_.stop();
    thread_.join();
  }
  SinkThread(const SinkThread&) = delete;
  SinkThread& operator=(const SinkThread&) = delete;

  // Tells it to stop without waiting: several can be stopped at once, and destroyed after.
  void request_stop() { stop_.stop(); }

 private:
  void run() {
    while (!stop_.stopped()) sink_.step();
    sink_.close();
  }

  StopToken stop_;
  KafkaSink sink_;
  std::thread thread_;  // Last: it uses what is above.
};

}  // namespace penstock::sinks
