using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Pepper.Resources.Providers;

/// <summary>
/// What is the same in every storage: how keys and options are judged, and conditions kept. For whoever writes a storage.
/// </summary>
public static class StorageRules
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The bytes of a key, by which it is compared.</summary>
    /// <param name="key">The key.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <returns>Its UTF-8.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="StorageKeyException">The key is empty, too long, or no well-formed text.</exception>
    public static byte[] GetKeyBytes(string key, StorageCapabilities limits)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(limits);
        if (key.Length == 0)
        {
            throw new StorageKeyException("A key must not be empty.", key);
        }

        byte[] bytes;
        try
        {
            bytes = Strict.GetBytes(key);
        }
        catch (EncoderFallbackException)
        {
            throw new StorageKeyException("A key must be well-formed text: this one has half of a surrogate pair.", key);
        }

        return bytes.Length <= limits.MaxKeyBytes ? bytes : throw new StorageKeyException(
            $"A key has at most {limits.MaxKeyBytes} bytes of UTF-8 (MaxKeyBytes); '{key[..Math.Min(32, key.Length)]}…' "
            + $"has {bytes.Length}.", key);
    }

    /// <summary>The key that has these bytes.</summary>
    /// <param name="bytes">The bytes of a key.</param>
    /// <returns>The key.</returns>
    /// <exception cref="ArgumentException">The bytes are no UTF-8.</exception>
    public static string GetKey(ReadOnlySpan<byte> bytes) => Strict.GetString(bytes);

    /// <summary>Judges the options of a write, before anything is written.</summary>
    /// <param name="key">The key.</param>
    /// <param name="options">The options; <c>null</c>: none.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <param name="canExpire">Whether the storage has times to live.</param>
    /// <exception cref="ArgumentException">The options contradict themselves, or a name or value is no well-formed
    /// text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time to live is zero or negative.</exception>
    /// <exception cref="NotSupportedException">A time to live is given, and the storage has none.</exception>
    /// <exception cref="StorageLimitException">The metadata is too large.</exception>
    public static void CheckPut(string key, StoragePutOptions? options, StorageCapabilities limits, bool canExpire)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (options is null)
        {
            return;
        }

        if (options.IfAbsent && options.IfMatch is not null)
        {
            throw new ArgumentException("IfAbsent and IfMatch exclude each other: nothing fulfils both.", nameof(options));
        }

        if (options.TimeToLive is { } timeToLive)
        {
            if (!canExpire)
            {
                throw new NotSupportedException(
                    $"TimeToLive is {timeToLive}, but this storage has no capability '{ProviderCapabilities.TimeToLive}'.");
            }

            CheckTimeToLive(timeToLive);
        }

        CheckMetadata(key, options.Metadata, limits);
    }

    /// <summary>Judges a time to live.</summary>
    /// <param name="timeToLive">The time; <c>null</c>: for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is zero or negative.</exception>
    public static void CheckTimeToLive(TimeSpan? timeToLive)
    {
        if (timeToLive <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeToLive), timeToLive, "A time to live is more than zero, or null for ever.");
        }
    }

    /// <summary>When something expires: a whole millisecond, and never before its time.</summary>
    /// <param name="timeToLive">How long it lives; <c>null</c>: for ever.</param>
    /// <param name="now">The time.</param>
    /// <returns>The moment; <c>null</c>: never, which also holds beyond the calendar's end.</returns>
    public static DateTimeOffset? GetExpiry(TimeSpan? timeToLive, DateTimeOffset now)
    {
        if (timeToLive is not { } time || time > DateTimeOffset.MaxValue - now - TimeSpan.FromMilliseconds(1))
        {
            return null;
        }

        var moment = (now + time).ToUniversalTime();
        var rest = moment.Ticks % TimeSpan.TicksPerMillisecond;
        return rest == 0 ? moment : moment.AddTicks(TimeSpan.TicksPerMillisecond - rest);
    }

    /// <summary>Judges the size of a content.</summary>
    /// <param name="key">The key.</param>
    /// <param name="size">The size, in bytes.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <exception cref="StorageLimitException">It is too large.</exception>
    public static void CheckSize(string key, long size, StorageCapabilities limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (size > limits.MaxContentBytes)
        {
            throw new StorageLimitException(
                $"The content of '{key}' has {size} bytes or more, but at most {limits.MaxContentBytes} are taken "
                + "(MaxContentBytes).", key, limits.MaxContentBytes);
        }
    }

    /// <summary>Judges the condition of a write by what is there.</summary>
    /// <param name="key">The key.</param>
    /// <param name="ifMatch">The ETag that is to be there; <c>null</c>: any.</param>
    /// <param name="ifAbsent">Whether nothing is to be there.</param>
    /// <param name="actual">The ETag that is there; <c>null</c>: no entry.</param>
    /// <exception cref="StorageConflictException">The condition does not hold.</exception>
    public static void CheckCondition(string key, string? ifMatch, bool ifAbsent, string? actual)
    {
        if ((ifMatch is not null && ifMatch != actual) || (ifAbsent && actual is not null))
        {
            throw Conflict(key, ifMatch, actual);
        }
    }

    /// <summary>Makes the exception for a condition that does not hold.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">The ETag that was asked for; <c>null</c>: no entry.</param>
    /// <param name="actual">The ETag that is there; <c>null</c>: no entry.</param>
    /// <returns>The exception.</returns>
    public static StorageConflictException Conflict(string key, string? expected, string? actual) => new(
        $"The entry '{key}' {(actual is null ? "is not there" : $"has the ETag {actual}")}, "
        + $"but {(expected is null ? "no entry was to be there (IfAbsent)" : $"{expected} was asked for (IfMatch)")}.",
        key, expected, actual);

    /// <summary>A new ETag: 32 hexadecimal digits that no other write gets.</summary>
    /// <returns>The ETag.</returns>
    public static string NewETag() => Guid.NewGuid().ToString("N");

    /// <summary>Judges the options of a list.</summary>
    /// <param name="options">The options; <c>null</c>: the defaults.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <returns>The prefix's bytes, the bytes of the last key of the page before (none: empty), and the page's size.</returns>
    /// <exception cref="ArgumentException">The prefix is no well-formed text, or the continuation is none of a
    /// list's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The page size is out of range.</exception>
    public static (byte[] Prefix, byte[] After, int PageSize) CheckList(StorageListOptions? options, StorageCapabilities limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        options ??= new StorageListOptions();
        if (options.PageSize < 1 || options.PageSize > limits.MaxPageSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(
                    options), options.PageSize, $"PageSize is {options.PageSize}, but must be from 1 to {limits.MaxPageSize}.");
        }

        return (GetPrefixBytes(options.Prefix), ReadContinuation(options.Continuation), options.PageSize);
    }

    /// <summary>The bytes of a prefix.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <returns>Its UTF-8.</returns>
    /// <exception cref="ArgumentException">It is null, or no well-formed text.</exception>
    public static byte[] GetPrefixBytes(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        try
        {
            return Strict.GetBytes(prefix);
        }
        catch (EncoderFallbackException failure)
        {
            throw new ArgumentException(
                "A prefix must be well-formed text: this one has half of a surrogate pair.", nameof(prefix), failure);
        }
    }

    /// <summary>The first bytes that follow all keys of a prefix: <c>prefix &lt;= key &lt; end</c>.</summary>
    /// <param name="prefix">The prefix's bytes.</param>
    /// <returns>The end; <c>null</c> for an empty prefix, which has none.</returns>
    public static byte[]? GetPrefixEnd(ReadOnlySpan<byte> prefix)
    {
        if (prefix.IsEmpty)
        {
            return null;
        }

        // No byte of UTF-8 is the largest one, so adding one never carries.
        var end = prefix.ToArray();
        end[^1]++;
        return end;
    }

    /// <summary>The continuation after a key.</summary>
    /// <param name="last">The bytes of the last key of the page.</param>
    /// <returns>A text for <see cref="StorageListOptions.Continuation"/>.</returns>
    public static string GetContinuation(ReadOnlySpan<byte> last) => Base64Url.EncodeToString(last);

    /// <summary>Metadata as JSON, for storages that keep it as text.</summary>
    /// <param name="metadata">The metadata; <c>null</c>: none.</param>
    /// <returns>The text, in UTF-8.</returns>
    public static byte[] WriteMetadata(IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        foreach (var (name, value) in metadata ?? new Dictionary<string, string>())
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="WriteMetadata"/> wrote.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <returns>The metadata.</returns>
    /// <exception cref="JsonException">It is something else.</exception>
    public static IReadOnlyDictionary<string, string> ReadMetadata(ReadOnlySpan<byte> json)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            metadata[name] = reader.GetString() ?? string.Empty;
        }

        return metadata;
    }

    /// <summary>
    /// Reads a stream to its end into one array, but no further than the storage takes. While the array is made, the content is
    /// held twice: <see cref="StorageContent.ReadAsync"/> holds it once.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="content">The stream.</param>
    /// <param name="limits">The storage's limits.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="StorageLimitException">There are more.</exception>
    public static async ValueTask<byte[]> ReadAllAsync(
        string key, Stream content, StorageCapabilities limits, CancellationToken cancellationToken)
    {
        return StorageContent.ToArray(
            await StorageContent.ReadAsync(key, content, limits, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The object behind an optional capability of a storage.</summary>
    /// <typeparam name="TFeature">The capability's interface.</typeparam>
    /// <param name="storage">The storage.</param>
    /// <returns>The object.</returns>
    /// <exception cref="NotSupportedException">The storage has none.</exception>
    public static TFeature Feature<TFeature>(IStorage storage)
        where TFeature : class
    {
        ArgumentNullException.ThrowIfNull(storage);
        return storage.GetFeature(typeof(TFeature)) as TFeature
            ?? throw new NotSupportedException($"This storage offers no {typeof(TFeature).Name}.");
    }

    private static void CheckMetadata(string key, IReadOnlyDictionary<string, string>? metadata, StorageCapabilities limits)
    {
        var size = 0L;
        foreach (var (name, value) in metadata ?? new Dictionary<string, string>())
        {
            try
            {
                size += Strict.GetByteCount(name)
                    + Strict.GetByteCount(
                        value ?? throw new ArgumentException($"The value of '{name}' is null.", nameof(metadata)));
            }
            catch (EncoderFallbackException failure)
            {
                throw new ArgumentException(
                    "Metadata must be well-formed text: a name or value has half of a surrogate pair.", nameof(metadata),
                    failure);
            }
        }

        if (size > limits.MaxMetadataBytes)
        {
            throw new StorageLimitException(
                $"The metadata of '{key}' has {size} bytes, but at most {limits.MaxMetadataBytes} are taken (MaxMetadataBytes).",
                key, limits.MaxMetadataBytes);
        }
    }

    private static byte[] ReadContinuation(string? continuation)
    {
        try
        {
            return continuation is null ? [] : Base64Url.DecodeFromChars(continuation);
        }
        catch (FormatException failure)
        {
            throw new ArgumentException(
                $"'{continuation}' is not the Continuation of a page of this storage.", nameof(continuation), failure);
        }
    }
}
