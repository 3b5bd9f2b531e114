namespace Pepper.Resources.Testing;

/// <summary>Keys that have been the ruin of storages.</summary>
internal static class StorageConformanceKeys
{
    internal static IReadOnlyList<string> Hostile { get; } =
    [
        "../up", "../../../../etc/passwd", "a/../../b", "..", ".", "./a", "/", "//", "/etc/passwd", "~", "~/a", "..\\up",
        "a\\..\\..\\b", "\\\\server\\share", "C:\\windows\\a", "C:a", "C:/a", "file:///etc/passwd", "%2e%2e%2fup", "..%2f", "%00",
        "a\0b", "\0", "a\u0001b", "\u001f", "\u007f", "line\nbreak", "line\r\nbreak", "tab\t", "a.", "a..", "a ", " a", " ",
        "a. ",
        "case", "Case", "CASE", "con", "CON", "nul", "NUL.txt", "aux", "com1", "LPT9", "a:b", "a:stream", "a|b", "a?b", "a*b",
        "a<b>",
        "a\"b", "a'b", "a`b", "a;b", "'; DROP TABLE entries; --", "$HOME", "$(id)", "`id`", "-rf", "--", ".hidden", "a.tmp",
        "lock",
        "entries", "unfinished", "folder/", "folder/file", "folder", "folder//file", "\u00e9", "e\u0301", "\u212b", "\u00c5",
        "A\u030a",
        "\ufb01", "fi", "\u0131", "I", "i", "\u0130", "\u00df", "ss", "\u4e16\u754c", "\ud83c\udf36", "\ufeff", "\ufeffa",
        "\u200b", "\u202egnp",
        "\uffff", "k%61", "%61", "ka", "h" + new string('0', 64), new string('a', 255), new string('a', 256),
        new string('/', 300),
        new string('\u4e16', 500), new string('y', 4096),
    ];
}
