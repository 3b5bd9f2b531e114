using System.Data.Common;
using Npgsql;

namespace Pepper.Benchmarks;

/// <summary>
/// The driver's own pool with its defaults but for its <c>Timeout</c>, which covers waiting, opening and asking to cancel: a
/// shorter time to open is a shorter time to wait, and the other way round.
/// </summary>
internal sealed class NpgsqlOutagePeer(string connectionString, int seconds) : OutagePeer
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
        $"{connectionString};Timeout={seconds};Maximum Pool Size={OutageLimits.Places}");

    internal override string Name => $"Npgsql's pool, Timeout={seconds}";

    internal override TimeSpan AcquireTimeout => TimeSpan.FromSeconds(seconds);

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
