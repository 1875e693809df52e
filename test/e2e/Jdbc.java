// What a Java program does over JDBC, printed line by line for test_jdbc.py to compare.
// Arguments: the URL. A failure is an exception, which ends the program.
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;

public class Jdbc {
    static final String[] SETTERS = {"bool", "int2", "int4", "int8", "float4", "float8", "numeric",
        "text", "bytea", "date", "time", "timestamp", "timestamptz", "uuid", "jsonb"};

    static final Instant MOMENT = Instant.parse("2020-02-29T12:34:56.789Z");

    static void say(String what, Object... values) {
        String text = String.join(" ", Arrays.stream(values).map(String::valueOf).toList());
        System.out.println(what + ": " + text);
    }

    static String shown(Object value) {
        if (value instanceof byte[] bytes) return "0x" + HexFormat.of().formatHex(bytes);
        if (value instanceof BigDecimal number) return number.stripTrailingZeros().toPlainString();
        return String.valueOf(value);
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            types(connection);
            parameters(connection);
            batches(connection);
            transactions(connection);
            pieces(connection);
            errors(connection);
            copy(connection);
        }
    }

    // Every type there and back, often enough for the driver to prepare and to read binary.
    static void types(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            StringBuilder columns = new StringBuilder("id int NOT NULL");
            for (String type : SETTERS) columns.append(", c_" + type + " " + type);
            say("created", statement.executeUpdate("CREATE TABLE types (" + columns + ")"));
        }
        String marks = "?" + ", ?".repeat(SETTERS.length - 1) + ", CAST(? AS jsonb)";
        String insertion = "INSERT INTO types VALUES (" + marks + ")";
        try (PreparedStatement insert = connection.prepareStatement(insertion)) {
            for (int id = 0; id < 8; ++id) {
                insert.setInt(1, id);
                if (id % 2 == 0) {
                    insert.setBoolean(2, id > 0);
                    insert.setShort(3, (short) (id - 3));
                    insert.setInt(4, 1 << id);
                    insert.setLong(5, 1L << (4 * id));
                    insert.setFloat(6, id / 4f);
                    insert.setDouble(7, id / 8.0);
                    insert.setBigDecimal(8, new BigDecimal("12345678901234567890.125"));
                    insert.setString(9, "täxt " + id);
                    insert.setBytes(10, new byte[] {0, (byte) 255, (byte) id});
                    insert.setObject(11, LocalDate.of(2020, 2, 29));
                    insert.setObject(12, LocalTime.of(23, 59, 58));
                    insert.setObject(13, LocalDateTime.of(2020, 2, 29, 12, 34, 56, 789_000_000));
                    insert.setTimestamp(14, Timestamp.from(MOMENT));
                    insert.setObject(15, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
                    insert.setString(16, "{\"a\": [" + id + "]}");
                } else {
                    for (int i = 2; i <= 16; ++i) insert.setNull(i, Types.NULL);
                }
                insert.executeUpdate();
            }
        }
        String selection = "SELECT * FROM types WHERE id >= ? ORDER BY id";
        try (PreparedStatement select = connection.prepareStatement(selection)) {
            for (int round = 0; round < 7; ++round) {
                select.setInt(1, 5);
                try (ResultSet rows = select.executeQuery()) {
                    if (round == 0) describe(rows.getMetaData());
                    while (rows.next()) {
                        List<String> values = new ArrayList<>();
                        for (int i = 1; i <= 16; ++i) {
                            Object value = i == 14 ? rows.getObject(i, OffsetDateTime.class)
                                                   : rows.getObject(i);
                            values.add(shown(value));
                        }
                        if (round == 0 || round == 6) say("round " + round, values.toArray());
                    }
                }
            }
        }
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery(
                 "SELECT 1::uint4, 2::uint8, ARRAY[1, NULL, 3], interval '1 day 02:00', count(*)"
                 + " FROM types")) {
            rows.next();
            say("others", rows.getObject(1), rows.getObject(2), rows.getArray(3),
                rows.getObject(4), rows.getLong(5));
        }
    }

    static void describe(ResultSetMetaData meta) throws Exception {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); ++i) {
            columns.add(meta.getColumnName(i) + "=" + meta.getColumnTypeName(i));
        }
        say("columns", columns.toArray());
    }

    static void parameters(Connection connection) throws Exception {
        String sql = "SELECT ? + id, ? || '!' FROM types"
            + " WHERE c_text LIKE ? AND id < ? AND id IN (?, ?) ORDER BY 1 LIMIT ?";
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            List<String> types = new ArrayList<>();
            if (!connection.getMetaData().getURL().contains("simple")) {
                ParameterMetaData meta = select.getParameterMetaData();
                for (int i = 1; i <= meta.getParameterCount(); ++i) {
                    types.add(meta.getParameterTypeName(i));
                }
                say("parameters", types.toArray());
            }
            for (int round = 0; round < 6; ++round) {
                select.setInt(1, 100);
                select.setString(2, "ö" + round);
                select.setString(3, "t%");
                select.setInt(4, 6);
                select.setInt(5, 4);
                select.setInt(6, 2);
                select.setInt(7, 5);
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        if (round == 5) say("parameters", rows.getInt(1), rows.getString(2));
                    }
                }
            }
        }
    }

    static void batches(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE batch (a int, b text)");
            statement.addBatch("INSERT INTO batch VALUES (1, 'one')");
            statement.addBatch("INSERT INTO batch VALUES (2, 'two'), (3, NULL)");
            say("batch", Arrays.toString(statement.executeBatch()));
        }
        String insertion = "INSERT INTO batch VALUES (?, ?)";
        try (PreparedStatement insert = connection.prepareStatement(insertion)) {
            for (int i = 0; i < 500; ++i) {
                insert.setInt(1, i + 10);
                insert.setString(2, i % 7 == 0 ? null : "row " + i);
                insert.addBatch();
            }
            say("batch", Arrays.stream(insert.executeBatch()).sum());
        }
        try (Statement statement = connection.createStatement();
             ResultSet rows =
                 statement.executeQuery("SELECT count(*), count(b), sum(a) FROM batch")) {
            rows.next();
            say("batch", rows.getLong(1), rows.getLong(2), rows.getLong(3));
        }
        String returning = "INSERT INTO batch VALUES (?, ?) RETURNING a * 2 AS twice";
        try (PreparedStatement insert = connection.prepareStatement(returning)) {
            insert.setInt(1, 1000);
            insert.setString(2, "returned");
            try (ResultSet rows = insert.executeQuery()) {
                rows.next();
                say("returning", rows.getInt("twice"));
            }
        }
        try (Statement statement = connection.createStatement()) {
            say("update", statement.executeUpdate("UPDATE batch SET b = 'x' WHERE a < 3"));
            say("delete", statement.executeUpdate("DELETE FROM batch WHERE a >= 10"));
        }
    }

    static void transactions(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO batch VALUES (20, 'kept')");
            connection.commit();
            statement.executeUpdate("INSERT INTO batch VALUES (21, 'lost')");
            connection.rollback();
            ResultSet rows =
                statement.executeQuery("SELECT count(*) FROM batch WHERE a IN (20, 21)");
            rows.next();
            say("transactions", rows.getLong(1));
            connection.commit();
        }
        connection.setAutoCommit(true);
    }

    // Rows by the hundred: the portal stays open between fetches.
    static void pieces(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        String numbers = "SELECT g FROM generate_series(1, ?) AS g ORDER BY g";
        try (PreparedStatement select = connection.prepareStatement(numbers)) {
            select.setFetchSize(100);
            select.setInt(1, 1050);
            long sum = 0;
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) sum += rows.getInt(1);
            }
            say("pieces", sum);
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void errors(Connection connection) throws Exception {
        for (String sql : List.of("SELECT nothing", "SELECT 1 / 0", "SELEC 1",
                                  "INSERT INTO types (id) VALUES (NULL)")) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
                say("no error", sql);
            } catch (SQLException error) {
                say("error", error.getSQLState());
            }
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT 10 / ?")) {
            for (int round = 0; round < 7; ++round) {
                select.setInt(1, round % 2);
                try (ResultSet rows = select.executeQuery()) {
                    rows.next();
                    if (round == 5) say("then", rows.getInt(1));
                } catch (SQLException error) {
                    if (round == 6) say("error", error.getSQLState());
                }
            }
        }
    }

    static void copy(Connection connection) throws Exception {
        var manager = connection.unwrap(PGConnection.class).getCopyAPI();
        say("copied in", manager.copyIn("COPY batch FROM STDIN (FORMAT csv)",
                                        new StringReader("30,\"a,b\"\n31,\n")));
        var out = new java.io.StringWriter();
        say("copied out", manager.copyOut(
            "COPY (SELECT a, b FROM batch WHERE a >= 30 ORDER BY a) TO STDOUT", out));
        say("copy", out.toString().replace("\t", "|").replace("\n", ";"));
    }
}
