//! Every file: white space, leftovers, size. Every module: what it is.

use std::path::Path;

use super::tree::Tree;

const MAX_BYTES: u64 = 1024 * 1024;

/// Marks of unfinished work, put together so that this file has none.
const LEFTOVERS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];

/// Inputs of fuzz targets are as they are.
const SEEDS: &str = "fuzz/seeds";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    tree.files()
        .filter(|file| !file.starts_with(SEEDS))
        .flat_map(|file| check_file(tree, file))
        .collect()
}

fn check_file(tree: &Tree, file: &Path) -> Vec<String> {
    let name = file.display();
    let mut faults = Vec::new();
    let size = tree
        .root()
        .join(file)
        .metadata()
        .map_or(0, |found| found.len());
    if size > MAX_BYTES {
        faults.push(format!("{name}: larger than 1 MiB"));
        return faults;
    }
    let Some(text) = tree.text(file) else {
        return faults;
    };
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t']) {
            faults.push(format!(
                "{name}:{number}: white space at the end of the line"
            ));
        }
        if LEFTOVERS.iter().any(|mark| has_word(line, mark)) {
            faults.push(format!(
                "{name}:{number}: unfinished work; finish it or file an issue"
            ));
        }
    }
    if is_module(file) && !text.starts_with("//!") {
        faults.push(format!(
            "{name}: a module begins with a `//!` line that says what it is"
        ));
    }
    faults
}

fn is_module(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
        && file.components().any(|part| part.as_os_str() == "src")
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric())
        .any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
        check(&Tree::fixture(&[(name, text)]))
    }

    #[test]
    fn a_tidy_module_passes() {
        assert_eq!(check_text("src/lib.rs", "//! Adds.\n"), [""; 0]);
    }

    #[test]
    fn white_space_at_the_end_is_a_fault() {
        let faults = check_text("a.md", "one\ntwo \n");
        assert_eq!(faults, ["a.md:2: white space at the end of the line"]);
    }

    #[test]
    fn leftovers_are_faults_and_words_that_contain_them_are_not() {
        let text = format!("{}LIST\n# {}: later\n", LEFTOVERS[0], LEFTOVERS[0]);
        let faults = check_text("a.toml", text);
        assert_eq!(
            faults,
            ["a.toml:2: unfinished work; finish it or file an issue"]
        );
    }

    #[test]
    fn a_module_says_what_it_is() {
        assert_eq!(check_text("c/src/a.rs", "use std::fs;\n").len(), 1);
        assert_eq!(check_text("c/tests/it/a.rs", "use std::fs;\n").len(), 0);
    }

    #[test]
    fn a_file_over_a_mebibyte_is_a_fault() {
        assert_eq!(check_text("a.bin", vec![0; 1024 * 1024]).len(), 0);
        assert_eq!(check_text("a.bin", vec![0; 1024 * 1024 + 1]).len(), 1);
    }
}
