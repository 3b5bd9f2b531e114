namespace Pepper.Resources.Policies;

/// <summary>A validation policy that is one question.</summary>
internal sealed class ValidationRule(string name, ValidationRule.Question question) : IValidationPolicy
{
    public delegate bool Question(in ValidationRequest request);

    public string Name => name;

    public bool ShouldValidate(in ValidationRequest request) => question(in request);
}
