using System.Data.Common;
using Npgsql;

namespace Pepper.Benchmarks;

/// <summary>
/// The driver's own pool with its defaults. Its <c>Timeout</c> covers waiting and opening, as an acquire does: a shorter time to
/// open would be a shorter time to wait.
/// </summary>
internal sealed class NpgsqlOutagePeer(string connectionString) : OutagePeer
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
        $"{connectionString};Timeout={OutageLimits.AcquireSeconds};Maximum Pool Size={OutageLimits.Places}");

    internal override string Name => "Npgsql's pool";

    internal override int? InUse => null;

    internal override async Task UseAsync(OutageUse use, Func<DbConnection, Task> workAsync)
    {
        use.Ask();
        await using var connection = await _source.OpenConnectionAsync();
        use.Have();
        await workAsync(connection);
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();
}
