using Pepper.Tests;

namespace Pepper.Resources.Tests.Architecture;

public sealed class ArrowsTests
{
    // CS0246 and CS0234: a type or namespace that is not there. CS8795 and the like (generated members missing) are expected.
    private static readonly string[] UnknownType = ["CS0246", "CS0234"];

    [Fact]
    public void Check_Core_EveryArrowPointsDown() =>
        Offenders.AssertNone("Arrows of the house (HouseTable.cs) that point up or sideways:", ArrowChecker.Check(Sources.Core));

    [Fact]
    public void Compile_Core_KnowsEveryType() =>
        Offenders.AssertNone(
            "The arrows can only be seen when every type is known; these are not:",
            Sources.Core.GetDiagnostics().Where(found => UnknownType.Contains(found.Id, StringComparer.Ordinal))
                .Select(found => found.ToString()));
}
