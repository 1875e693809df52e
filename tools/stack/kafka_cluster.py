"""Three KRaft Kafka nodes (replication 3, of which two must have a message), each with a life of its own.

python3 tools/stack/kafka_cluster.py start --dir D
python3 tools/stack/kafka_cluster.py stop|kill|restart --dir D [--node N]
python3 tools/stack/kafka_cluster.py lead --dir D --node N --topic T --partition P
"""
import argparse
import json
import os
import sys

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack.kafka import Kafka
from stack.kafka_jars import ROOT, run_tool
from stack.processes import StackError, free_ports

NODES = (1, 2, 3)
# The failure of a node is noticed after seconds rather than half a minute.
QUICK_FAILOVER = {"broker.session.timeout.ms": 6000, "broker.heartbeat.interval.ms": 1000}


class KafkaCluster:
    """Nodes of a cluster by their ids 1 to 3 in `nodes`: each is a `Kafka`, with `end`, `kill`,
    `up` of its own. `bootstrap` lists all of them."""

    def __init__(self, directory):
        self.directory = directory
        self.nodes = {node: Kafka(os.path.join(directory, f"node{node}")) for node in NODES}

    @property
    def bootstrap(self):
        return ",".join(node.bootstrap for node in self.nodes.values())

    def create(self, settings=None, proxied=None):
        """Writes new configurations and empty data; what was there is wiped. `proxied` gives a node
        the pair of `Kafka.create`, for a proxy of its own."""
        controllers = dict(zip(NODES, free_ports(len(NODES))))
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in controllers.items())
        replicas = {"default.replication.factor": 3, "min.insync.replicas": 2,
                    "offsets.topic.replication.factor": 3,
                    "transaction.state.log.replication.factor": 3,
                    "transaction.state.log.min.isr": 2,
                    "share.coordinator.state.topic.replication.factor": 3,
                    "share.coordinator.state.topic.min.isr": 2}
        for node, kafka in self.nodes.items():
            kafka.create(controller_port=controllers[node],
                         proxied=(proxied or {}).get(node), settings={
                "node.id": node, "controller.quorum.voters": voters, **replicas,
                **QUICK_FAILOVER, **(settings or {})})
        return self

    def open(self):
        """Takes up what an earlier `create` wrote."""
        for kafka in self.nodes.values():
            kafka.open()
        return self

    def up(self, **options):
        """Starts the nodes that do not run, and waits until all serve."""
        for kafka in self.nodes.values():
            if kafka.pid() is None:
                kafka.begin(**options)
        for kafka in self.nodes.values():
            kafka.wait_ready()
        return self

    def end(self):
        """Stops the nodes that run, in order: the last ones cannot hand over, and are killed."""
        for kafka in self.nodes.values():
            kafka.end(timeout_s=5)

    def kill(self):
        """Kills the nodes that run."""
        for kafka in self.nodes.values():
            kafka.kill()

    def move_leaders(self, leaders):
        """Makes the given nodes lead partitions, (topic, partition) -> node, each of whose replicas
        in sync it is one. All nodes are up."""
        self.prefer_leaders(leaders)
        plan = os.path.join(self.directory, "election.json")
        with open(plan, "w") as out:
            json.dump({"partitions": [{"topic": topic, "partition": partition}
                                      for topic, partition in leaders]}, out)
        run_tool("org.apache.kafka.tools.LeaderElectionCommand", "--bootstrap-server",
                 self.bootstrap, "--election-type", "preferred", "--path-to-json-file", plan)

    def prefer_leaders(self, leaders):
        """Makes the given nodes those that a preferred election chooses: the partitions keep their
        replicas, in another order. All nodes are up."""
        partitions = [{"topic": topic, "partition": partition} for topic, partition in leaders]
        orders = [[node, *(other for other in NODES if other != node)]
                  for node in leaders.values()]
        plan = os.path.join(self.directory, "leaders.json")
        with open(plan, "w") as out:
            json.dump({"version": 1, "partitions": [
                {**partition, "replicas": order}
                for partition, order in zip(partitions, orders)]}, out)
        run_tool("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server",
                 self.bootstrap, "--reassignment-json-file", plan, "--execute")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop", "kill", "restart", "lead"])
    parser.add_argument("--dir", default=os.path.join(ROOT, ".run", "kafka-cluster"))
    parser.add_argument("--node", type=int, choices=NODES)
    parser.add_argument("--topic")
    parser.add_argument("--partition", type=int, default=0)
    arguments = parser.parse_args()
    cluster = KafkaCluster(os.path.abspath(arguments.dir))
    chosen = cluster.nodes[arguments.node] if arguments.node else cluster
    if arguments.command == "start":
        cluster.end()
        print(cluster.create().up().bootstrap)
        return
    cluster.open()
    if arguments.command == "lead":
        cluster.move_leaders({(arguments.topic, arguments.partition): arguments.node})
    elif arguments.command == "kill":
        chosen.kill()
    else:
        chosen.end()
        if arguments.command == "restart":
            chosen.up()


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
