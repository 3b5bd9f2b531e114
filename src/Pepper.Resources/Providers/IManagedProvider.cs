namespace Pepper.Resources.Providers;

/// <summary>How a manager tells a provider its state, so that whoever looks at the provider sees it.</summary>
internal interface IManagedProvider
{
    void SetState(ProviderState state);
}
