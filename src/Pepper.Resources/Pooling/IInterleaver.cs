namespace Pepper.Resources.Pooling;

/// <summary>What a test needs in order to say which of several threads goes on, and when. Known to debug builds only.</summary>
internal interface IInterleaver
{
    /// <summary>The processor that the calling thread is to believe it runs on.</summary>
    int Processor { get; }

    /// <summary>The calling thread is between two steps: another may go on first.</summary>
    void Reach();

    /// <summary>Runs the work later, as one more thread.</summary>
    void Queue(Action work);
}
