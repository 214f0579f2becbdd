//! Names that were given up for terms of the field do not come back.

use std::path::Path;

use super::tree::Tree;

/// Whole words, and beginnings of definitions where the word alone is plain English.
const RETIRED: &[&str] = &[
    "abandon_blob",
    "aside_and_anew",
    "AtWork",
    "Beating",
    "ChangeMark",
    "ChangeMarks",
    "check_acting",
    "crate::wire",
    "delete_stray",
    "digested_page",
    "Discreet",
    "ensure_someone",
    "enum Ask",
    "enum Place",
    "FieldFault",
    "for_change",
    "forget_blobs",
    "GrowingBody",
    "HeldBody",
    "Housekeeping",
    "InPath",
    "keep_answer",
    "keep_tidy",
    "Keyset",
    "known_failures",
    "MessageFacts",
    "move_file",
    "NamedSubject",
    "none_match_fails",
    "ObjectBlobs",
    "one_at_a_time",
    "Outgoing",
    "Outlived",
    "PacedStream",
    "PatientHasher",
    "places-for-work",
    "PostFacts",
    "purge_unfinished",
    "redecide",
    "resting_on",
    "resting_on_all",
    "rights_first",
    "session_memory",
    "SessionOwner",
    "Shell",
    "ShellBuilder",
    "Sight",
    "still_acting",
    "still_active",
    "StoredAnswer",
    "StoreFigures",
    "struct Applied",
    "struct Desk",
    "struct Door",
    "struct Draft",
    "struct Intake",
    "struct Link",
    "struct Office",
    "struct Place",
    "struct Scene",
    "struct Seat",
    "struct Stage",
    "struct World",
    "SubjectInPath",
    "suited_to",
    "take_apart",
    "take_note_of",
    "testkit",
    "ThreadFacts",
    "torture",
    "turn_away",
    "UnderWay",
    "unless_unchanged",
    "Upkeep",
    "WithoutFiles",
];

/// The list itself, and what tells of the past.
const ELSEWHERE: [&str; 2] = ["xtask/src/tidy/words.rs", "CHANGELOG.md"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    tree.files()
        .filter(|file| !ELSEWHERE.iter().any(|other| *file == Path::new(other)))
        .filter(|file| !file.starts_with("fuzz/seeds"))
        .flat_map(|file| check_file(tree, file))
        .collect()
}

fn check_file(tree: &Tree, file: &Path) -> Vec<String> {
    let text = tree.text(file).unwrap_or_default();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let found = RETIRED.iter().filter(|word| has_word(line, word));
        let name = file.display();
        faults.extend(found.map(|word| format!("{name}:{number}: {word} is a retired name")));
    }
    faults
}

fn has_word(line: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(in_word) && !line[at + word.len()..].starts_with(in_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_name_is_a_fault_and_a_longer_word_is_not() {
        let text = "fn suited_to() {}\nlet well_suited_to = 1;\nlet place = 1;\nstruct Place;\n";
        assert_eq!(
            check(&Tree::fixture(&[("src/a.rs", text)])),
            [
                "src/a.rs:1: suited_to is a retired name",
                "src/a.rs:4: struct Place is a retired name"
            ]
        );
    }
}
