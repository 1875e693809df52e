import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Reads lines "MESSAGE VERSION JSON", writes "MESSAGE VERSION SIZE CRC32C" of Kafka's own bytes. */
public class Serialize {
  public static void main(String[] args) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ", 3);
      short version = Short.parseShort(words[1]);
      Message message = (Message) Class
          .forName("org.apache.kafka.common.message." + words[0] + "DataJsonConverter")
          .getMethod("read", JsonNode.class, short.class)
          .invoke(null, mapper.readTree(words[2]), version);
      ObjectSerializationCache cache = new ObjectSerializationCache();
      ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
      message.write(new ByteBufferAccessor(bytes), cache, version);
      bytes.flip();
      CRC32C crc = new CRC32C();
      int size = bytes.remaining();
      crc.update(bytes);
      System.out.printf("%s %d %d %08x%n", words[0], version, size, crc.getValue());
    }
  }
}
