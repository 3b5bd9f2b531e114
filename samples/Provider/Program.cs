using Pepper.Resources.Providers;
using Pepper.Resources.Testing;
using ProviderSample;

// The kit holds the provider to its contract: suites and tests are chosen by what it declares.
var report = await ProviderConformance.RunAsync(() => new DictionaryFixture());
Console.Write(report);

// In a manager it is reloaded under load like any other.
await using var manager = new ProviderManager();
await manager.RegisterAsync(
    new DictionaryProvider("notes", new DictionaryOptions(), TimeProvider.System).Metadata,
    () => new DictionaryOptions { MaxContentBytes = 4096 },
    options => new DictionaryProvider("notes", options, TimeProvider.System));
var notes = manager.GetStorage("notes");
var first = await notes.PutAsync("hello", "world"u8.ToArray());
try
{
    await notes.PutAsync("hello", "again"u8.ToArray(), new StoragePutOptions { IfMatch = "an older version" });
}
catch (StorageConflictException conflict)
{
    var found = conflict.ActualETag == first.ETag ? "the first" : "another";
    Console.WriteLine($"conflict: expected {conflict.ExpectedETag}, found {found}");
}

return report.IsPassed ? 0 : 1;

internal sealed class DictionaryFixture : ProviderFixture
{
    public override IProvider Create(string name) => new DictionaryProvider(name, new DictionaryOptions(), Time);

    public override IProvider CreateFaulty(string name) =>
        new DictionaryProvider(name, new DictionaryOptions { MaxContentBytes = 0 }, Time);
}
