//! What lists are searched for, and whether a thing is found by it
//! (docs/contract.md#search-terms). Every store finds the same.

mod analysis;

use std::collections::BTreeSet;

use crate::from_text::from_text;
use crate::text::{Lines, bounded};
use crate::validation::FieldError;

/// The words of a thing, each once and in order: what it is found by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms(BTreeSet<String>);

impl Terms {
    /// The greatest number of words that are taken of one thing.
    pub const MAX: usize = 16_000;

    /// What a bundle is found by.
    #[must_use]
    pub fn of_bundle(title: &str, description: &str) -> Self {
        Self::of(&[title, description])
    }

    /// What a ticket is found by: its number too.
    #[must_use]
    pub fn of_ticket(id: i64, title: &str, description: &str) -> Self {
        let mut terms = Self::of(&[title, description]);
        terms.0.insert(number_term(id));
        terms
    }

    /// What a person is found by.
    #[must_use]
    pub fn of_user(username: &str, email: &str, display_name: &str) -> Self {
        Self::of(&[username, email, display_name])
    }

    fn of(texts: &[&str]) -> Self {
        let mut terms = BTreeSet::new();
        for term in texts.iter().flat_map(|text| analysis::terms(text)) {
            if terms.len() == Self::MAX {
                break;
            }
            terms.insert(term.text);
        }
        Self(terms)
    }

    /// The words in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn have(&self, word: &Word) -> bool {
        let from = self.0.range(word.beginning.clone()..);
        from.map(String::as_str)
            .next()
            .is_some_and(|term| term.starts_with(&word.beginning))
            || word
                .number
                .as_ref()
                .is_some_and(|term| self.0.contains(term))
    }
}

/// The term of a number by which a thing is found. No word of a text has a `#`.
fn number_term(number: i64) -> String {
    format!("#{number}")
}

/// One word of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What a term has to begin with: letters and digits in lower case, and their marks.
    pub beginning: String,
    /// If the word is a number, the term of the thing that has this number: `#` and digits.
    pub number: Option<String>,
}

/// What a list is searched for: words, each of which has to begin a word of what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(Vec<Word>);

from_text!(SearchText);

impl SearchText {
    /// How many lines it may have.
    pub const LINES: Lines = Lines::Many;
    /// The least number of characters.
    pub const MIN: usize = 1;
    /// The greatest number of characters.
    pub const MAX: usize = 255;
    /// The greatest number of words. Signs that are written without blanks between them are one
    /// word.
    pub const MAX_WORDS: usize = 16;

    /// Checks what a user wrote, and takes its words. What has no word finds nothing.
    ///
    /// # Errors
    /// A [`FieldError`] that says what is wrong with it.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let text = bounded(raw, Self::LINES, Self::MIN, Self::MAX)?;
        let terms = analysis::terms(&text);
        if terms.iter().filter(|term| !term.continues).count() > Self::MAX_WORDS {
            return Err(FieldError::TooManyWords {
                max: Self::MAX_WORDS,
            });
        }
        let words: BTreeSet<String> = terms.into_iter().map(|term| term.text).collect();
        let word = |beginning: String| Word {
            number: beginning.parse().ok().map(number_term),
            beginning,
        };
        Ok(Self(words.into_iter().map(word).collect()))
    }

    /// Its words, each once.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.0
    }

    /// Whether a thing with these words is found.
    #[must_use]
    pub fn finds(&self, terms: &Terms) -> bool {
        !self.0.is_empty() && self.0.iter().all(|word| terms.have(word))
    }
}
