namespace Pepper.Tests;

/// <summary>Fails a convention test with everything that breaks the convention, not with the first of it.</summary>
internal static class Offenders
{
    public static void AssertNone(string rule, IEnumerable<string> offenders)
    {
        var list = offenders.ToList();
        if (list.Count > 0)
        {
            Assert.Fail($"{rule}{Environment.NewLine}{string.Join(Environment.NewLine, list.Select(line => "  " + line))}");
        }
    }
}
