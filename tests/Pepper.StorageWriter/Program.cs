// Writes to a storage for as long as it lives, and says of each write that it has ended. Tests kill it.
// Usage: Pepper.StorageWriter files|sqlite <path> <first number>
using System.Globalization;
using Pepper.Resources.Providers;
using Pepper.Resources.Sqlite;

const int Writers = 4;
const int KeysOfEach = 5;

IStorageProvider provider = args[0] == "files"
    ? new FileStorageProvider(FileStorageProvider.Describe("writer"), new FileStorageOptions { Path = args[1] })
    : new SqliteStorageProvider(SqliteStorageProvider.Describe("writer"), new SqliteStorageOptions { Path = args[1] });
await provider.InitializeAsync().ConfigureAwait(false);
var number = int.Parse(args[2], CultureInfo.InvariantCulture);
var output = Console.Out;
await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer)))).ConfigureAwait(false);

async Task WriteAsync(int writer)
{
    while (true)
    {
        var mine = Interlocked.Increment(ref number);
        var key = $"writer-{writer}/key-{mine % KeysOfEach}";
        var content = new byte[4 * (1 + (mine * 7919 % 20_000))];
        for (var index = 0; index < content.Length; index += 4)
        {
            BitConverter.TryWriteBytes(content.AsSpan(index), mine);
        }

        var options = new StoragePutOptions
        {
            Metadata = new Dictionary<string, string> { ["number"] = mine.ToString(CultureInfo.InvariantCulture) },
        };
        await provider.Storage!.PutAsync(key, content, options).ConfigureAwait(false);
        lock (output)
        {
            output.WriteLine($"{key} {mine}");
            output.Flush();
        }
    }
}
