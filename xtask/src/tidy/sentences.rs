//! No sentence of a document is long.

use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::tree::Tree;

/// The greatest number of words.
const LONGEST: usize = 30;

/// Where a text span of code stands, since the words in it are not prose.
const CODE: &str = "X";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    tree.with_extension("md")
        .flat_map(|file| check_file(file, &tree.text(file).unwrap_or_default()))
        .collect()
}

fn check_file(file: &Path, text: &str) -> Vec<String> {
    blocks(text)
        .iter()
        .flat_map(|block| sentences(block))
        .filter_map(|words| {
            let beginning = words.get(..LONGEST.min(words.len()))?.join(" ");
            (words.len() > LONGEST).then(|| {
                format!(
                    "{}: a sentence of {} words: {beginning} …",
                    file.display(),
                    words.len()
                )
            })
        })
        .collect()
}

/// The texts of a document that stand by themselves: paragraphs, items, cells, headings.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell | Tag::Heading { .. })
            | Event::End(TagEnd::Item) => blocks.push(String::new()),
            Event::Text(part) if !in_code => push(&mut blocks, &part),
            Event::Code(_) => push(&mut blocks, CODE),
            Event::SoftBreak | Event::HardBreak => push(&mut blocks, " "),
            _ => {}
        }
    }
    blocks
}

fn push(blocks: &mut [String], part: &str) {
    if let Some(block) = blocks.last_mut() {
        block.push_str(part);
    }
}

/// The words of each sentence. A full stop ends one when a blank follows.
fn sentences(block: &str) -> Vec<Vec<&str>> {
    let mut sentences = vec![Vec::new()];
    for word in block.split_whitespace() {
        if !word.contains(char::is_alphanumeric) {
            continue;
        }
        if let Some(sentence) = sentences.last_mut() {
            sentence.push(word);
        }
        if word
            .trim_end_matches(['"', ')', '*'])
            .ends_with(['.', '!', '?'])
        {
            sentences.push(Vec::new());
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    fn check_text(text: &str) -> usize {
        check_file(Path::new("a.md"), text).len()
    }

    #[test]
    fn a_sentence_has_at_most_thirty_words() {
        assert_eq!(check_text(&format!("{}.\n", words(30))), 0);
        assert_eq!(check_text(&format!("{}.\n", words(31))), 1);
        assert_eq!(
            check_text(&format!("{}.\n\n- {}.\n", words(31), words(31))),
            2
        );
    }

    #[test]
    fn sentences_items_and_cells_count_by_themselves() {
        let two = format!("{}. {}.\n", words(20), words(20));
        let list = format!("- {}\n- {}\n", words(20), words(20));
        let table = format!(
            "| a | b |\n| --- | --- |\n| {} | {} |\n",
            words(20),
            words(20)
        );
        for text in [two, list, table] {
            assert_eq!(check_text(&text), 0, "{text}");
        }
    }

    #[test]
    fn code_is_no_prose() {
        assert_eq!(check_text(&format!("```\n{}\n```\n", words(40))), 0);
        assert_eq!(check_text(&format!("`{}` {}.\n", words(40), words(29))), 0);
    }
}
