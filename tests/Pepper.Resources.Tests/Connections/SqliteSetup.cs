using System.Runtime.CompilerServices;

namespace Pepper.Resources.Tests.Connections;

internal static class SqliteSetup
{
    [ModuleInitializer]
    internal static void Initialize() => SQLitePCL.Batteries_V2.Init();
}
