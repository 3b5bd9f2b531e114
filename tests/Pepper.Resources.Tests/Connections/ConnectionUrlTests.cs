using System.Data.Common;
using Pepper.Resources.Connections;

namespace Pepper.Resources.Tests.Connections;

public sealed class ConnectionUrlTests
{
    [Theory]
    [InlineData("postgresql://ann:secret@db.example:5433/orders",
        "Host=db.example;Port=5433;Username=ann;Password=secret;Database=orders")]
    [InlineData("postgres://db.example/orders", "Host=db.example;Database=orders")]
    [InlineData("POSTGRESQL://db.example", "Host=db.example")]
    [InlineData("postgresql://ann@db.example/", "Host=db.example;Username=ann")]
    [InlineData("postgresql://a%40b:p%40ss%3Aw%2F%3B%22@h/d%20e", "Host=h;Username=a@b;Password=p@ss:w/;\";Database=d e")]
    [InlineData("postgresql://h/d?sslmode=require&application_name=my%20app&flag",
        "Host=h;Database=d;sslmode=require;application name=my app;flag=true")]
    [InlineData("postgresql://[::1]:5433/d", "Host=[::1];Port=5433;Database=d")]
    [InlineData("sqlite:///data/orders.db", "Data Source=data/orders.db")]
    [InlineData("sqlite:////var/orders.db", "Data Source=/var/orders.db")]
    [InlineData("sqlite:///my%20file.db?mode=ReadOnly&foreign_keys=true",
        "Data Source=my file.db;mode=ReadOnly;foreign keys=true")]
    [InlineData("sqlite:///:memory:", "Data Source=:memory:")]
    public void Convert_Url_IsThisConnectionString(string url, string expected)
    {
        var builder = new DbConnectionStringBuilder { ConnectionString = ConnectionUrl.ToConnectionString(url) };

        var found = builder.Keys.Cast<string>().Select(key => $"{key}={builder[key]}");

        Assert.Equal(expected, string.Join(';', found), ignoreCase: true);
    }

    [Theory]
    [InlineData("Host=db;Password=x")]
    [InlineData("Data Source=orders.db")]
    [InlineData("mysql://h/d")]
    public void Convert_NoSuchUrl_IsLeftAlone(string text) => Assert.Equal(text, ConnectionUrl.ToConnectionString(text));

    [Theory]
    [InlineData("postgresql://")]
    [InlineData("postgresql:///orders")]
    [InlineData("postgresql://ann:hunter2@/orders")]
    [InlineData("postgresql://ann:hunter2@h:port/orders")]
    [InlineData("postgresql://ann:hunter2@h:99999/orders")]
    [InlineData("postgresql://ann:hun/ter2@h/orders")]
    [InlineData("sqlite://")]
    [InlineData("sqlite:///")]
    [InlineData("sqlite://hunter2.db")]
    [InlineData("postgresql://h/d?=hunter2")]
    public void Convert_FaultyUrl_SaysWhatIsWantedAndNeverThePassword(string url)
    {
        var thrown = Assert.Throws<ArgumentException>(() => ConnectionUrl.ToConnectionString(url));

        Assert.DoesNotContain("hunter2", thrown.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", thrown.ToString(), StringComparison.Ordinal);
        Assert.Contains("wanted", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_Nothing_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => ConnectionUrl.ToConnectionString(null!));
        Assert.Throws<ArgumentException>(() => ConnectionUrl.ToConnectionString(" "));
    }
}
