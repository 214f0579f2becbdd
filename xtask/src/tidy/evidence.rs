//! Every test that docs/security.md cites exists.

use std::path::Path;

use pulldown_cmark::{Event, Parser};

use super::tree::Tree;

/// The document whose claims rest on tests.
const DOCUMENT: &str = "docs/security.md";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some(text) = tree.text(Path::new(DOCUMENT)) else {
        return vec![format!("{DOCUMENT} is missing")];
    };
    let modules: Vec<&Path> = tree.with_extension("rs").collect();
    citations(&text)
        .into_iter()
        .filter(|(module, test)| !exists(tree, &modules, module, test))
        .map(|(module, test)| format!("{DOCUMENT}: there is no test {module}::{test}"))
        .collect()
}

/// The `module::test` of a document.
fn citations(text: &str) -> Vec<(String, String)> {
    Parser::new(text)
        .filter_map(|event| match event {
            Event::Code(code) => {
                let (module, test) = code.split_once("::")?;
                let is_name = |part: &str| part.chars().all(|c| c == '_' || c.is_alphanumeric());
                (is_name(module) && is_name(test)).then(|| (module.to_owned(), test.to_owned()))
            }
            _ => None,
        })
        .collect()
}

/// Whether a file of this name, or one in a folder of this name, has the test.
fn exists(tree: &Tree, modules: &[&Path], module: &str, test: &str) -> bool {
    let head = format!("fn {test}(");
    modules.iter().any(|file| {
        let named = file.file_stem().is_some_and(|stem| stem == module)
            || file.iter().any(|folder| folder == module);
        named && tree.text(file).is_some_and(|text| text.contains(&head))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_document(document: &str) -> Vec<String> {
        check(&Tree::fixture(&[
            (DOCUMENT, document.to_owned()),
            (
                "crates/a/tests/it/auth.rs",
                "#[test]\nfn tokens_end() {}\n".to_owned(),
            ),
            (
                "crates/a/tests/it/doors/mod.rs",
                "#[test]\nfn doors_close() {}\n".to_owned(),
            ),
        ]))
    }

    #[test]
    fn what_exists_can_be_cited() {
        let faults = check_document("`auth::tokens_end`, `doors::doors_close`, `ReadPermit`\n");
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn what_does_not_exist_is_a_fault() {
        let faults = check_document("`auth::doors_close` and `auth::tokens`\n");
        assert_eq!(
            faults,
            [
                "docs/security.md: there is no test auth::doors_close",
                "docs/security.md: there is no test auth::tokens",
            ]
        );
    }
}
