namespace Pepper.Resources.Policies;

/// <summary>
/// Decides whether a resource is validated before it is lent. Validation costs a round trip, and its absence a failure now and
/// then.
/// Chosen by name (<see cref="ValidationPolicies"/>), and open to implementations of your own.
/// </summary>
/// <remarks>Called from any thread, without a lock; an implementation keeps no state that it would have to protect, and reads
/// no clock.</remarks>
public interface IValidationPolicy
{
    /// <summary>The name it is chosen by, in lower case: <c>after-idle</c>.</summary>
    string Name { get; }

    /// <summary>Whether the resource is to be validated before it is lent.</summary>
    /// <param name="request">What is known of the resource.</param>
    bool ShouldValidate(in ValidationRequest request);
}
