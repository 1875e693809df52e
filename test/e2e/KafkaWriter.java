import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes transactions of two producers that are open at the same time into each partition of a topic,
 * every partition with another codec: in each round, one commits and the other aborts.
 *
 * Arguments: bootstrap servers, topic, rounds, records in a transaction.
 */
public class KafkaWriter {
    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    static final long BEGINNING = 1_700_000_000_000L;

    static KafkaProducer<byte[], byte[]> producer(String bootstrap, String id, String codec) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("transactional.id", id);
        properties.put("compression.type", codec);
        properties.put("linger.ms", "20");
        var made = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        made.initTransactions();
        return made;
    }

    static ProducerRecord<byte[], byte[]> record(String topic, int partition, String who, int round, int i) {
        byte[] key = i % 5 == 0 ? null : (who + round + "-" + i).getBytes();
        byte[] value = i % 7 == 0 ? null : (who + " " + "x".repeat(i)).getBytes();
        List<Header> headers = new ArrayList<>();
        for (int h = 0; h < i % 4; h++)
            headers.add(new RecordHeader("h" + h % 2, h == 1 ? null : new byte[h]));
        // Not in order, and some before others that are already there.
        long timestamp = BEGINNING + round * 1000L + (i * 37) % 100;
        return new ProducerRecord<>(topic, partition, timestamp, key, value, headers);
    }

    public static void main(String[] arguments) {
        String topic = arguments[1];
        int rounds = Integer.parseInt(arguments[2]);
        int records = Integer.parseInt(arguments[3]);
        for (int partition = 0; partition < CODECS.length; partition++) {
            String codec = CODECS[partition];
            try (var a = producer(arguments[0], topic + "-a-" + codec, codec);
                 var b = producer(arguments[0], topic + "-b-" + codec, codec)) {
                for (int round = 0; round < rounds; round++) {
                    a.beginTransaction();
                    b.beginTransaction();
                    for (int i = 0; i < records; i++) {
                        a.send(record(topic, partition, "a", round, i));
                        b.send(record(topic, partition, "b", round, i));
                        if (i % 10 == 9) {
                            a.flush();
                            b.flush();
                        }
                    }
                    (round % 2 == 0 ? a : b).commitTransaction();
                    (round % 2 == 0 ? b : a).abortTransaction();
                }
            }
        }
    }
}
