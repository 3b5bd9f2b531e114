namespace Pepper.Resources.Sqlite;

/// <summary>The tables of a memory. Times are ticks of UTC; what never expires does so at the greatest number.</summary>
internal static class SqliteMemorySchema
{
    internal const int Version = 1;

    // Terms come in as letters and digits alone, so the simplest tokenizer takes them as they are. The namespace and the expiry
    // stand beside each vector, so that a scan needs no other table.
    internal const string Create = """
        CREATE TABLE IF NOT EXISTS pepper_memory_settings (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS pepper_memory_entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, ns TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, metadata TEXT NOT NULL,
            etag TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, lifetime INTEGER, expires INTEGER NOT NULL,
            UNIQUE (ns, key));
        CREATE INDEX IF NOT EXISTS pepper_memory_expiry ON pepper_memory_entries (expires)
            WHERE expires < 9223372036854775807;
        CREATE TABLE IF NOT EXISTS pepper_memory_fields (
            entry INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, text TEXT, number REAL,
            PRIMARY KEY (entry, name)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS pepper_memory_vectors (
            entry INTEGER PRIMARY KEY, ns TEXT NOT NULL, expires INTEGER NOT NULL, vector BLOB NOT NULL);
        CREATE VIRTUAL TABLE IF NOT EXISTS pepper_memory_words USING fts5 (terms, tokenize = 'ascii');
        CREATE VIRTUAL TABLE IF NOT EXISTS pepper_memory_vocabulary USING fts5vocab (pepper_memory_words, row);
        INSERT OR IGNORE INTO pepper_memory_settings (name, value) VALUES ('version', 1);
        """;

    /// <summary>Every table that has something of an entry, and by which column; the entries themselves come last.</summary>
    internal static readonly (string Table, string Column)[] Parts =
    [
        ("pepper_memory_fields", "entry"), ("pepper_memory_vectors", "entry"), ("pepper_memory_words", "rowid"),
        ("pepper_memory_entries", "id"),
    ];
}
