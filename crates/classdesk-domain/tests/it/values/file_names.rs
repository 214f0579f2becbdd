//! File names as people give them.

use classdesk_domain::blobs::FileName;
use proptest::prelude::*;

/// The characters of Unicode's bidirectional formatting (TR 9).
const BIDI: [char; 12] = [
    '\u{061c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// Names with all that makes trouble in them.
fn raw_names() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        proptest::sample::select(BIDI.to_vec()).prop_map(String::from),
        "[a-z ]{1,8}",
        proptest::sample::select(vec![
            "/",
            "\\",
            "..",
            ".",
            "\0",
            "\r\n",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "e\u{301}",
            "\u{212b}",
            "\u{1e9b}\u{323}",
            ".pdf",
            ".tar.gz",
            "한글",
            "👩‍🏫",
            " ",
            "\u{3000}",
        ])
        .prop_map(str::to_owned),
    ];
    (proptest::collection::vec(piece, 0..24), 1_usize..40)
        .prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

/// Letters of one to four bytes, some of which a normal form composes or leaves apart.
fn letters() -> impl Strategy<Value = char> {
    let ranges = [
        'a'..='z',
        'à'..='ö',
        'א'..='ת',
        '一'..='龥',
        '가'..='힣',
        '𐐀'..='𐑏',
    ];
    proptest::char::ranges(ranges.to_vec().into())
}

proptest! {
    /// contract: conv.uploads.name
    #[test]
    fn a_name_is_always_harmless(raw in raw_names()) {
        let name = FileName::clean(&raw);
        let name = name.as_str();
        prop_assert!(!name.is_empty() && name.len() <= FileName::MAX_BYTES, "{name:?}");
        prop_assert!(name != "." && name != "..");
        prop_assert!(!name.contains(['/', '\\']), "{name:?}");
        prop_assert!(!name.contains(char::is_control), "{name:?}");
        prop_assert!(!name.contains(BIDI), "{name:?}");
        prop_assert_eq!(name, name.trim());
    }

    #[test]
    fn a_clean_name_stays_as_it_is(raw in raw_names()) {
        let once = FileName::clean(&raw);
        prop_assert_eq!(FileName::clean(once.as_str()), once);
    }

    #[test]
    fn no_path_before_a_name_matters(path in "([a-z.]{0,5}[/\\\\]){0,5}", name in "[a-z]{1,9}\\.[a-z]{3}") {
        let cleaned = FileName::clean(&format!("{path}{name}"));
        prop_assert_eq!(cleaned.as_str(), name);
    }

    #[test]
    fn a_long_name_keeps_its_extension(letter in letters(), count in 256_usize..2_000) {
        let name = FileName::clean(&(letter.to_string().repeat(count) + ".pdf"));
        prop_assert!(name.as_str().ends_with(".pdf"), "{name}");
        // Nothing is cut that would have fitted; composed characters have at most four bytes each.
        prop_assert!(name.as_str().len() > FileName::MAX_BYTES - 16, "{name}");
    }
}

fn check_clean(raw: &str, expected: &str) {
    assert_eq!(FileName::clean(raw).as_str(), expected, "{raw:?}");
}

/// contract: conv.uploads.name
#[test]
fn names_that_people_send() {
    check_clean("Übung 1.pdf", "Übung 1.pdf");
    check_clean("U\u{308}bung.pdf", "Übung.pdf");
    check_clean("../../etc/passwd", "passwd");
    check_clean("C:\\Users\\me\\report.docx", "report.docx");
    check_clean("folder/", "folder");
    check_clean("folder/\u{202e}", "folder");
    check_clean("invoice\u{202e}fdp.exe", "invoicefdp.exe");
    check_clean("a\tb\r\nc\0.txt", "abc.txt");
    check_clean("  spaced .txt  ", "spaced .txt");
    check_clean(".gitignore", ".gitignore");
    check_clean("...", "...");
    check_clean("👩\u{200d}🏫.png", "👩\u{200d}🏫.png");
}

#[test]
fn of_nothing_a_file_is_left() {
    for nothing in [
        "",
        " ",
        "/",
        "\\\\",
        ".",
        "..",
        "../..",
        "\0",
        "\u{202e}\u{2066}",
        "a/ ",
    ] {
        check_clean(nothing, "file");
    }
}

/// contract: conv.uploads.name
#[test]
fn the_cut_is_at_exactly_255_bytes() {
    check_clean(&"a".repeat(255), &"a".repeat(255));
    check_clean(&"a".repeat(256), &"a".repeat(255));
    // "ä" has two bytes: the 255th byte is the first of the 128th, which goes.
    check_clean(&"ä".repeat(128), &"ä".repeat(127));
    check_clean(
        &format!("{}.txt", "a".repeat(300)),
        &format!("{}.txt", "a".repeat(251)),
    );
    // Seventeen bytes are an extension, eighteen are not.
    let long = format!(".{}", "x".repeat(16));
    check_clean(
        &format!("{}{long}", "a".repeat(300)),
        &format!("{}{long}", "a".repeat(238)),
    );
    let too_long = format!(".{}", "x".repeat(17));
    check_clean(&format!("{}{too_long}", "a".repeat(300)), &"a".repeat(255));
    // A leading dot begins a name, not an extension.
    check_clean(
        &format!(".{}", "a".repeat(300)),
        &format!(".{}", "a".repeat(254)),
    );
    check_clean(
        &format!("{} .txt", "a".repeat(250)),
        &format!("{} .txt", "a".repeat(250)),
    );
    check_clean(
        &format!("{} b.txt", "a".repeat(250)),
        &format!("{}.txt", "a".repeat(250)),
    );
}
