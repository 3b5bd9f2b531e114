using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class ValidationPoliciesTests
{
    private static readonly ValidationRequest Fresh = new(TimeSpan.Zero, TimeSpan.Zero, 0, false);

    [Theory]
    [InlineData("always", true, true)]
    [InlineData("never", false, false)]
    [InlineData("suspects", false, true)]
    [InlineData("after-idle", false, true)]
    [InlineData("sampled", false, true)]
    public void ShouldValidate_FreshAndSuspect_AsThePolicySays(string name, bool fresh, bool suspect)
    {
        var policy = ValidationPolicies.Create(name);

        Assert.Equal(name, policy.Name);
        Assert.Equal(fresh, policy.ShouldValidate(Fresh));
        Assert.Equal(suspect, policy.ShouldValidate(Fresh with { IsSuspect = true }));
    }

    [Fact]
    public void ShouldValidate_AfterIdle_FromItsTimeOn()
    {
        var policy = ValidationPolicies.Create("after-idle", new ValidationPolicyOptions { Idle = TimeSpan.FromSeconds(2) });

        Assert.False(policy.ShouldValidate(Fresh with { IdleFor = TimeSpan.FromSeconds(1.9) }));
        Assert.True(policy.ShouldValidate(Fresh with { IdleFor = TimeSpan.FromSeconds(2) }));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, 100)]
    [InlineData(0.25, 250)]
    [InlineData(1, 1000)]
    public void ShouldValidate_Sampled_IsTheShareOfTheLoans(double share, int expected)
    {
        var policy = ValidationPolicies.Create("sampled", new ValidationPolicyOptions { Share = share });

        var validated = Enumerable.Range(0, 1000).Where(use => policy.ShouldValidate(Fresh with { Uses = use })).ToList();

        Assert.InRange(validated.Count, expected - 1, expected + 1);
        Assert.All(validated.Zip(validated.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, (1 / share) + 1));
    }

    [Fact]
    public void Create_OptionsOutOfRange_NamesAll()
    {
        var options = new ValidationPolicyOptions { Idle = TimeSpan.FromSeconds(-1), Share = 2 };

        var fault = Assert.Throws<ArgumentException>(() => ValidationPolicies.Create("sampled", options));
        Assert.Contains("Idle is -00:00:01", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Share is 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_UnknownName_ListsThoseThereAre()
    {
        var fault = Assert.Throws<ArgumentException>(() => ValidationPolicies.Create("sometimes"));
        Assert.Contains("after-idle, always, never, sampled, suspects", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Register_OwnPolicy_IsChosenByName()
    {
        ValidationPolicies.Register("zz-first-loan", _ => new FirstLoan());

        Assert.True(ValidationPolicies.Create("zz-first-loan").ShouldValidate(Fresh));
    }

    private sealed class FirstLoan : IValidationPolicy
    {
        public string Name => "zz-first-loan";

        public bool ShouldValidate(in ValidationRequest request) => request.Uses == 0;
    }
}
