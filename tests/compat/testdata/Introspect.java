import java.math.BigDecimal;
import java.sql.*;

/** What JDBC's metadata tells, and rows in text and binary. Arguments: URLs. */
public class Introspect {
  interface Part { Object run() throws Exception; }

  static void show(String name, Part part) {
    try {
      System.out.println(name + ": " + part.run());
    } catch (Exception e) { // the golden file says which there are
      System.out.println(name + ": " + e.getClass().getSimpleName() + " " + String.valueOf(e.getMessage()).split("\n")[0]);
    }
  }

  static String rows(ResultSet r, String... columns) throws SQLException {
    StringBuilder s = new StringBuilder();
    while (r.next()) {
      s.append("\n ");
      for (String c : columns) s.append(' ').append(r.getString(c));
    }
    r.close();
    return s.toString();
  }

  public static void main(String[] urls) throws Exception {
    for (String url : urls) one(url);
  }

  static void one(String url) throws Exception {
    boolean pg = url.contains("postgresql");
    Connection c = DriverManager.getConnection(url, "u", "");
    DatabaseMetaData m = c.getMetaData();
    String cat = pg ? null : "public", schema = pg ? "public" : null;
    System.out.println("== " + m.getDriverName() + (url.contains("useServerPrepStmts") ? ", prepared by the server" : ""));
    show("databases", () -> rows(pg ? m.getSchemas() : m.getCatalogs(), pg ? "TABLE_SCHEM" : "TABLE_CAT"));
    show("tables", () -> rows(m.getTables(cat, schema, "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME", "TABLE_TYPE"));
    show("columns", () -> rows(m.getColumns(cat, schema, "cpu", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "NULLABLE", "COLUMN_DEF", "ORDINAL_POSITION", "REMARKS"));
    show("columns of a view", () -> rows(m.getColumns(cat, schema, "hot", "%"), "COLUMN_NAME", "TYPE_NAME"));
    show("primary key", () -> rows(m.getPrimaryKeys(cat, schema, "cpu"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"));
    show("best row identifier", () -> rows(m.getBestRowIdentifier(cat, schema, "cpu", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME"));
    show("indexes", () -> rows(m.getIndexInfo(cat, schema, "cpu", false, true), "INDEX_NAME", "NON_UNIQUE", "ORDINAL_POSITION", "COLUMN_NAME"));
    show("foreign keys", () -> rows(m.getImportedKeys(cat, schema, "cpu"), "FKTABLE_NAME") + rows(m.getExportedKeys(cat, schema, "cpu"), "FKTABLE_NAME"));
    show("types", () -> rows(m.getTypeInfo(), "TYPE_NAME").length() > 100);
    show("functions", () -> rows(m.getFunctions(cat, schema, "%"), "FUNCTION_NAME"));
    show("names", () -> m.getMaxTableNameLength() + " " + c.getTransactionIsolation() + " " + c.getCatalog() + " " + c.getSchema() + " " + c.isValid(5));
    show("keywords", () -> pg ? m.getSQLKeywords().length() > 100 : "not asked");
    show("insert", () -> {
      PreparedStatement s = c.prepareStatement("INSERT INTO cpu (host, ts, v, n, i, b, d) VALUES (?, ?, ?, ?, ?, ?, ?)");
      s.setString(1, "jdbc");
      s.setTimestamp(2, Timestamp.valueOf("2024-05-06 07:08:09.123"));
      s.setDouble(3, 1.25);
      s.setBigDecimal(4, new BigDecimal("12.34"));
      s.setInt(5, 5);
      s.setBoolean(6, true);
      s.setDate(7, Date.valueOf("2024-05-06"));
      return s.executeUpdate();
    });
    show("batch", () -> {
      PreparedStatement s = c.prepareStatement("INSERT INTO cpu (host, ts, v, i) VALUES (?, ?, ?, ?)");
      for (int k = 0; k < 500; k++) {
        s.setString(1, "batch" + k);
        s.setTimestamp(2, new Timestamp(1000L * k));
        s.setDouble(3, k);
        s.setInt(4, k);
        s.addBatch();
      }
      return s.executeBatch().length;
    });
    show("rows", () -> { // the driver of PostgreSQL goes over to binary after a few executions
      PreparedStatement s = c.prepareStatement("SELECT host, ts, v, n, i, b, d FROM cpu WHERE host = ? AND i >= ?");
      String out = "";
      for (int k = 0; k < 8; k++) {
        s.setString(1, "jdbc");
        s.setInt(2, 1);
        ResultSet r = s.executeQuery();
        if (!r.next()) return "none";
        String row = r.getString(1) + " " + r.getTimestamp(2) + " " + r.getDouble(3) + " " + r.getBigDecimal(4) + " " + r.getInt(5) + " " + r.getBoolean(6) + " " + r.getDate(7);
        if (!out.contains(row)) out += "\n  " + row;
      }
      return out;
    });
    show("columns of a query", () -> {
      PreparedStatement s = c.prepareStatement("SELECT host, v, ts FROM cpu WHERE host = ? AND v > ?");
      ResultSetMetaData r = s.getMetaData();
      return s.getParameterMetaData().getParameterCount() + " " + r.getColumnName(1) + " " + r.getColumnTypeName(2) + " " + r.getColumnTypeName(3);
    });
    show("fetch size", () -> {
      c.setAutoCommit(false);
      Statement s = c.createStatement();
      s.setFetchSize(pg ? 100 : Integer.MIN_VALUE);
      ResultSet r = s.executeQuery("SELECT host FROM cpu WHERE host LIKE 'batch%'");
      int n = 0;
      while (r.next()) n++;
      r.close();
      c.commit();
      c.setAutoCommit(true);
      return n;
    });
    show("limits", () -> {
      Statement s = c.createStatement();
      s.setMaxRows(7);
      s.setQueryTimeout(5);
      ResultSet r = s.executeQuery("SELECT host FROM cpu");
      int n = 0;
      while (r.next()) n++;
      return n;
    });
    show("error", () -> {
      try {
        c.createStatement().executeQuery("SELECT * FROM nosuch");
        return "none";
      } catch (SQLException e) {
        return e.getSQLState() + " " + e.getErrorCode();
      }
    });
    show("another database", () -> {
      if (pg) c.setSchema("other"); else c.setCatalog("other");
      return rows(c.createStatement().executeQuery("SELECT count(*) AS n FROM mem"), "n");
    });
    c.close();
  }
}
