import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import io.debezium.transforms.ExtractNewRecordState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;

/**
 * What a connector of Kafka Connect makes of a topic of changes: each message through Connect's converter and
 * Debezium's transformation to the new state of a row, as lines "key value" of JSON; what the transformation drops
 * is the word dropped.
 *
 * Arguments: bootstrap servers, topic, messages to read, options of the transformation as name=value.
 */
public class Unwrap {
    static JsonConverter converter(boolean key, boolean schemas) {
        JsonConverter made = new JsonConverter();
        made.configure(Map.of("schemas.enable", String.valueOf(schemas)), key);
        return made;
    }

    static String text(JsonConverter plain, String topic, org.apache.kafka.connect.data.Schema schema, Object value) {
        byte[] bytes = plain.fromConnectData(topic, schema, value);
        return bytes == null ? "null" : new String(bytes);
    }

    static KafkaConsumer<byte[], byte[]> consumer(String bootstrap) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("isolation.level", "read_committed");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    public static void main(String[] arguments) {
        String topic = arguments[1];
        int left = Integer.parseInt(arguments[2]);
        Properties options = new Properties();
        for (int i = 3; i < arguments.length; i++) {
            String[] option = arguments[i].split("=", 2);
            options.put(option[0], option[1]);
        }
        @SuppressWarnings("unchecked")
        Map<String, String> configuration = (Map<String, String>) (Map<?, ?>) options;
        Converter keys = converter(true, true);
        Converter values = converter(false, true);
        JsonConverter plain = converter(false, false);
        try (var transformation = new ExtractNewRecordState<SourceRecord>();
             var consumer = consumer(arguments[0])) {
            transformation.configure(configuration);
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (left > 0) {
                if (System.nanoTime() > deadline) throw new IllegalStateException(left + " messages are missing");
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    SchemaAndValue key = keys.toConnectData(topic, record.key());
                    SchemaAndValue value = values.toConnectData(topic, record.value());
                    SourceRecord unwrapped = transformation.apply(new SourceRecord(
                        null, null, topic, 0, key.schema(), key.value(), value.schema(), value.value()));
                    System.out.println(unwrapped == null ? "dropped"
                        : text(plain, topic, unwrapped.keySchema(), unwrapped.key()) + " "
                            + text(plain, topic, unwrapped.valueSchema(), unwrapped.value()));
                    left--;
                }
            }
        }
    }
}
