//! Texts in many scripts and forms, and what they are searched for.

use classdesk_domain::ids::TicketId;
use classdesk_domain::search::SearchText;
use classdesk_domain::text::{Description, DisplayName, Title};

use super::replica::Replica;

/// Words, some of them several times in other forms.
const WORDS: [&str; 36] = [
    "semester",
    "SEMESTER",
    "Semestern",
    "Übung",
    "U\u{308}bung",
    "ÜBUNGEN",
    "ubung",
    "Straße",
    "STRASSE",
    "Œuvre",
    "œuvres",
    "Łódź",
    "İzmir",
    "ırmak",
    "Ёлка",
    "елки",
    "ЁЛКИ",
    "Σίσυφος",
    "ΣΊΣΥΦΟΣ",
    "תּוֹרָה",
    "תורה",
    "مُدَرِّسَة",
    "مدرسة",
    "हिन्दी",
    "हिन",
    "ภาษาไทย",
    "東京",
    "京都の",
    "ｶﾞﾗｽ",
    "ガラス",
    "한국어",
    "ｗｉｄｅ",
    "ﬁne",
    "INV-XX26",
    "so\u{ad}ft",
    "🎉",
];

/// What is between words, and what looks like an operator.
const BETWEEN: [&str; 12] = [
    " ", " ", " ", "\u{3000}", "-", ", ", "'s ", " \" ", "* ", ":", " AND ", "()",
];

impl Replica<'_> {
    /// A few words.
    fn words(&mut self) -> String {
        let count = self.dice.usize(1..5);
        let mut text = String::new();
        for _ in 0..count {
            text += self.any(&WORDS);
            text += self.any(&BETWEEN);
        }
        text
    }

    pub(super) fn title(&mut self) -> Title {
        Title::from_stored(self.words())
    }

    pub(super) fn description(&mut self) -> Description {
        Description::from_stored(self.words())
    }

    pub(super) fn display_name(&mut self) -> DisplayName {
        DisplayName::from_stored(self.words())
    }

    /// Beginnings of words, or a ticket's number.
    pub(super) fn searched(&mut self) -> Option<SearchText> {
        let length = self.dice.usize(1..12);
        let mut text: String = self.words().chars().take(length).collect();
        let ticket = self.row::<TicketId>();
        if self.once_in(6) {
            text = format!("#{ticket}");
        }
        let text = self.once_in(3).then(|| SearchText::parse(&text));
        text.and_then(Result::ok)
    }
}
