namespace Pepper.Resources.Files;

/// <summary>What a <see cref="FileResource"/> may do with its file, and what becomes of the file when it is opened.</summary>
public enum FileResourceMode
{
    /// <summary>Read only. The file has to exist.</summary>
    Read,

    /// <summary>Write, append and replace. The file is created, or emptied when it exists.</summary>
    Write,

    /// <summary>Append only. The file is created when it does not exist; what is in it stays.</summary>
    Append,

    /// <summary>Everything. The file is created when it does not exist; what is in it stays.</summary>
    ReadWrite,
}
