using Pepper.Resources.Policies;

namespace Pepper.Resources.Tests.Policies;

public sealed class AdmissionPoliciesTests
{
    private static readonly EvictionCapacity Capacity = new(100, 1000);

    [Theory]
    [InlineData("always")]
    [InlineData("doorkeeper")]
    [InlineData("by-weight")]
    public void Admit_WhatCanNeverFit_IsTurnedAway(string name)
    {
        var policy = AdmissionPolicies.Create(name);

        Assert.Equal(name, policy.Name);
        Assert.False(policy.Admit(new AdmissionRequest(1, 1001, Capacity, 0, 0)));
        Assert.False(policy.Admit(new AdmissionRequest(1, long.MaxValue, Capacity, 50, 900)));
        Assert.True(policy.Admit(new AdmissionRequest(1, 1, Capacity, 0, 0)));
    }

    [Fact]
    public void Admit_Always_KeepsWhatFitsIntoAnEmptyCache() =>
        Assert.True(
            AdmissionPolicies.Create(AdmissionPolicies.Default).Admit(new AdmissionRequest(1, 1000, Capacity, 100, 1000)));

    [Fact]
    public void Admit_DoorkeeperOfAFullCache_KeepsTheSecondRequest()
    {
        var policy = AdmissionPolicies.Create("doorkeeper");
        var full = new AdmissionRequest(7, 1, Capacity, 100, 500);

        Assert.True(policy.Admit(full with { Count = 99 }));
        Assert.False(policy.Admit(full));
        Assert.False(policy.Admit(full with { Hash = 8 }));
        Assert.True(policy.Admit(full));
        Assert.False(policy.Admit(full));
    }

    [Fact]
    public void Admit_DoorkeeperAfterManyOthers_HasForgotten()
    {
        var policy = AdmissionPolicies.Create("doorkeeper");
        var full = new AdmissionRequest(-1, 1, Capacity, 100, 500);
        Assert.False(policy.Admit(full));
        for (var hash = 0; hash < 1000; hash++)
        {
            policy.Admit(full with { Hash = hash });
        }

        Assert.False(policy.Admit(full));
    }

    [Fact]
    public void Admit_ByWeight_TurnsGiantsAway()
    {
        var policy = AdmissionPolicies.Create("by-weight", new AdmissionPolicyOptions { MaxShare = 0.5 });

        Assert.True(policy.Admit(new AdmissionRequest(1, 500, Capacity, 100, 1000)));
        Assert.False(policy.Admit(new AdmissionRequest(1, 501, Capacity, 0, 0)));
        Assert.True(policy.Admit(new AdmissionRequest(1, 501, new EvictionCapacity(3), 3, 3)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Create_ShareOutOfRange_IsRefused(double share)
    {
        var options = new AdmissionPolicyOptions { MaxShare = share };

        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => AdmissionPolicies.Create("by-weight", options));
        Assert.Contains("MaxShare", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_UnknownName_ListsThoseThereAre()
    {
        var fault = Assert.Throws<ArgumentException>(() => AdmissionPolicies.Create("maybe"));
        Assert.Contains("always, by-weight, doorkeeper", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Register_OwnPolicy_IsChosenByName()
    {
        AdmissionPolicies.Register("zz-never", _ => new NeverAdmission());

        Assert.False(AdmissionPolicies.Create("ZZ-never").Admit(new AdmissionRequest(1, 1, Capacity, 0, 0)));
        Assert.Contains("zz-never", AdmissionPolicies.Names);
    }

    private sealed class NeverAdmission : IAdmissionPolicy
    {
        public string Name => "zz-never";

        public bool Admit(in AdmissionRequest request) => false;
    }
}
