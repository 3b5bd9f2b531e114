namespace Pepper.IntegrationTests.PostgreSql;

/// <summary>A test that may stop the server. One that failed must not leave the others without it.</summary>
public abstract class OutageTest(PostgresFixture fixture) : PostgresTest(fixture)
{
    private bool _isDown;

    public override async ValueTask DisposeAsync()
    {
        if (_isDown)
        {
            await StartAsync();
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task StopAsync()
    {
        _isDown = true;
        await Cluster.StopServerAsync();
    }

    private protected async Task StartAsync()
    {
        await Cluster.StartServerAsync();
        _isDown = false;
    }
}
