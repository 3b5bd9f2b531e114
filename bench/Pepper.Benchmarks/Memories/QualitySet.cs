using System.Globalization;

namespace Pepper.Benchmarks.Memories;

/// <summary>A question with the keys of all the texts that answer it.</summary>
internal sealed record QualityQuery(string Kind, string Text, IReadOnlySet<string> Answers);

/// <summary>
/// A labelled set: 256 notes about 32 subjects, and 96 questions of four kinds, made of the words below and always the same. The
/// words of a subject are spelled alike, and a part of the questions uses spellings that no note has.
/// </summary>
internal static class QualitySet
{
    private const int NotesOfASubject = 8;

    // What notes write, what questions write otherwise, and what is misspelled.
    private static readonly (string[] Notes, string Other, string Misspelled)[] Subjects =
    [
        (["garden", "gardens", "gardening"], "gardener", "gardenning"), (["kettle", "kettles"], "kettleful", "ketle"),
        (["bicycle", "bicycles"], "bicycling", "bycicle"), (["library", "libraries"], "librarian", "libary"),
        (["violin", "violins"], "violinist", "violyn"), (["passport", "passports"], "passporting", "pasport"),
        (["telescope", "telescopes"], "telescopic", "teliscope"), (["harbour", "harbours"], "harbourside", "harbuor"),
        (["bakery", "bakeries", "baker"], "bakers", "bakerry"), (["umbrella", "umbrellas"], "umbrellaed", "umbrela"),
        (["calendar", "calendars"], "calendared", "calender"), (["orchard", "orchards"], "orchardist", "orchad"),
        (["printer", "printers", "printing"], "printed", "prinnter"), (["mountain", "mountains"], "mountaineer", "moutain"),
        (["recipe", "recipes"], "recipebook", "reciepe"), (["invoice", "invoices", "invoicing"], "invoiced", "invoyce"),
        (["dentist", "dentists"], "dentistry", "dentisst"), (["lighthouse", "lighthouses"], "lighthousekeeper", "lighthose"),
        (["chess", "chessboard"], "chessplayer", "ches"), (["allergy", "allergies"], "allergic", "alergy"),
        (["mortgage", "mortgages"], "mortgaged", "morgage"), (["aquarium", "aquariums"], "aquarists", "aquarum"),
        (["translation", "translations"], "translator", "translaton"), (["marathon", "marathons"], "marathoner", "marathn"),
        (["thermostat", "thermostats"], "thermostatic", "thermostadt"), (["pottery", "potter"], "potteries", "potery"),
        (["subscription", "subscriptions"], "subscriber", "subscripton"), (["railway", "railways"], "railwayman", "railwy"),
        (["vaccination", "vaccinations"], "vaccinated", "vacination"),
        (["photograph", "photographs"], "photographer", "fotograph"),
        (["password", "passwords"], "passworded", "pasword"),
        (["carpenter", "carpenters", "carpentry"], "carpentering", "carpentr"),
    ];

    private static readonly string[] People = ["Ada", "Bruno", "Chiara", "Dmitri", "Edith", "Farid", "Greta", "Hiro"];

    private static readonly string[] Templates =
    [
        "{0} asked about the {1} on Monday and wants an answer by the end of the week; the number is {2}.",
        "Remember that {0} prefers the small {1} to the large one, see {2}.",
        "The {1} was paid for by {0}, receipt {2}.",
        "{0} said that everything about the {1} should go to the office first. Reference {2}.",
        "No more reminders about the {1} in the evening, {0} says ({2}).",
        "Next year {0} would like to spend more time with the {1}; the plan has the number {2}.",
        "For the {1}, {0} needs two days of notice. File {2}.",
        "{0} was disappointed by the {1} last time, complaint {2}.",
    ];

    internal static IReadOnlyList<(string Key, string Text)> Notes { get; } = [.. MakeNotes()];

    internal static IReadOnlyList<QualityQuery> Queries { get; } = [.. MakeQueries()];

    private static string Key(int subject, int note) => string.Create(CultureInfo.InvariantCulture, $"{subject:00}-{note}");

    // Codes that resemble each other, as those of real systems do.
    private static string Code(int subject, int note) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{((subject * 37) + (note * 11)) % 90 + 10}{(char)('A' + note)}{4000 + subject}");

    private static string Person(int subject, int note) => People[(subject + (note * 3)) % People.Length];

    private static IEnumerable<(string Key, string Text)> MakeNotes()
    {
        for (var subject = 0; subject < Subjects.Length; subject++)
        {
            var words = Subjects[subject].Notes;
            for (var note = 0; note < NotesOfASubject; note++)
            {
                yield return (Key(subject, note), string.Format(
                    CultureInfo.InvariantCulture, Templates[note], Person(subject, note), words[note % words.Length],
                    Code(subject, note)));
            }
        }
    }

    private static IEnumerable<QualityQuery> MakeQueries()
    {
        for (var subject = 0; subject < Subjects.Length; subject++)
        {
            var (notes, other, misspelled) = Subjects[subject];
            var all = Enumerable.Range(0, NotesOfASubject).Select(note => Key(subject, note))
                .ToHashSet(StringComparer.Ordinal);
            var one = subject % NotesOfASubject;
            HashSet<string> only = new(StringComparer.Ordinal) { Key(subject, one) };
            switch (subject % 3)
            {
                case 0:
                    yield return new QualityQuery("same word", $"anything about {notes[0]}", all);
                    break;
                case 1:
                    yield return new QualityQuery("other form", $"the {other}", all);
                    break;
                default:
                    yield return new QualityQuery("misspelled", $"about {misspelled}", all);
                    break;
            }

            yield return new QualityQuery("code", $"what was {Code(subject, one)}", only);
            yield return new QualityQuery("person and subject", $"{Person(subject, one)} and the {misspelled}", only);
        }
    }
}
