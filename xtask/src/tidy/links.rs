//! Every link in the documents leads somewhere, and so does every section of the contract that a
//! comment cites.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::tree::Tree;

/// How comments cite the contract, before the anchor.
const CITATION: &str = "docs/contract.md#";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let documents = tree
        .with_extension("md")
        .flat_map(|file| check_file(tree, file));
    let sections = anchors(&tree.text(Path::new("docs/contract.md")).unwrap_or_default());
    let sources = tree
        .with_extension("rs")
        .flat_map(|file| check_citations(tree, file, &sections));
    documents.chain(sources).collect()
}

fn check_citations(tree: &Tree, file: &Path, sections: &BTreeSet<String>) -> Vec<String> {
    let text = tree.text(file).unwrap_or_default();
    text.split(CITATION)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '-'));
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|anchor| !anchor.is_empty() && !sections.contains(*anchor))
        .map(|anchor| format!("{}: the contract has no section {anchor}", file.display()))
        .collect()
}

fn check_file(tree: &Tree, file: &Path) -> Vec<String> {
    let text = tree.text(file).unwrap_or_default();
    links(&text)
        .into_iter()
        .filter(|link| !leads_somewhere(tree, file, link))
        .map(|link| format!("{}: the link to {link} leads nowhere", file.display()))
        .collect()
}

fn leads_somewhere(tree: &Tree, file: &Path, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        file.to_owned()
    } else {
        resolve(file.parent().unwrap_or(Path::new("")), path)
    };
    if !tree.contains(&target) {
        return false;
    }
    anchor.is_empty()
        || tree
            .text(&target)
            .is_some_and(|text| anchors(&text).contains(anchor))
}

/// The path that `link` names in a document of `folder`.
fn resolve(folder: &Path, link: &str) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in folder.join(link).components() {
        match part {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

fn links(text: &str) -> Vec<String> {
    Parser::new(text)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        })
        .collect()
}

/// The names by which a document's headings can be linked to.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let repeated = (1..).map(|n| format!("{slug}-{n}"));
                let free = std::iter::once(slug.clone())
                    .chain(repeated)
                    .find(|name| !anchors.contains(name));
                anchors.extend(free);
            }
            _ => {}
        }
    }
    anchors
}

/// The anchor that GitHub gives a heading.
pub(crate) fn slug(heading: &str) -> String {
    heading
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_link(link: &str) -> Vec<String> {
        check(&Tree::fixture(&[
            (
                "docs/a.md",
                format!("# One, two\n\n## `serve --demo`\n\n## Same\n\n## Same\n\n[x]({link})\n"),
            ),
            ("docs/adr/0001-b.md", "# B\n".to_owned()),
            (
                "README.md",
                "# Readme\n\n```md\n[no link](nowhere)\n```\n".to_owned(),
            ),
        ]))
    }

    #[test]
    fn what_is_there_can_be_linked_to() {
        for link in [
            "adr/0001-b.md",
            "./adr/",
            "../README.md#readme",
            "#one-two",
            "#serve---demo",
            "#same",
            "#same-1",
            "https://example.org/nowhere",
        ] {
            assert_eq!(check_link(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn a_cited_section_of_the_contract_exists() {
        let faults = check(&Tree::fixture(&[
            ("docs/contract.md", "## 1. People\n"),
            (
                "a.rs",
                "//! See docs/contract.md#1-people and (docs/contract.md#lists).\n",
            ),
        ]));
        assert_eq!(faults, ["a.rs: the contract has no section lists"]);
    }

    #[test]
    fn what_is_not_there_is_a_fault() {
        for link in [
            "b.md",
            "../docs/adr/0002.md",
            "#three",
            "adr/0001-b.md#c",
            "../../README.md/x",
        ] {
            let faults = check_link(link);
            assert_eq!(
                faults,
                [format!("docs/a.md: the link to {link} leads nowhere")]
            );
        }
    }
}
