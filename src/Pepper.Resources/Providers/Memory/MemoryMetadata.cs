using System.Text;
using System.Text.Json;

namespace Pepper.Resources.Providers;

/// <summary>
/// An entry's metadata as a JSON object, for stores that keep them so: texts as strings, numbers as numbers that read back to the
/// same bits, truth values as such. Pure and thread safe.
/// </summary>
public static class MemoryMetadata
{
    /// <summary>Writes the object.</summary>
    /// <param name="metadata">The fields.</param>
    public static string ToJson(IReadOnlyDictionary<string, MemoryField> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (metadata.Count == 0)
        {
            return "{}";
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, field) in metadata)
            {
                switch (field.Kind)
                {
                    case MemoryFieldKind.Text:
                        writer.WriteString(name, field.AsText());
                        break;
                    case MemoryFieldKind.Number:
                        writer.WriteNumber(name, field.AsNumber());
                        break;
                    default:
                        writer.WriteBoolean(name, field.AsBoolean());
                        break;
                }
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The object.</param>
    /// <exception cref="JsonException">It is no such object.</exception>
    public static IReadOnlyDictionary<string, MemoryField> FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (json == "{}")
        {
            return MemoryEntry.NoMetadata;
        }

        using var document = JsonDocument.Parse(json);
        Dictionary<string, MemoryField> metadata = new(StringComparer.Ordinal);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            metadata[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.Number => property.Value.GetDouble(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => throw new JsonException($"The metadata field '{property.Name}' is a {property.Value.ValueKind}."),
            };
        }

        return metadata.AsReadOnly();
    }
}
