//! Many answers in few words.

use classdesk_domain::policy::Decision;

use super::word;

/// Says in words how the answer depends on the facts, having asked about each combination.
pub(super) fn condense(facts: &[&str], answer: &dyn Fn(&[bool]) -> Decision) -> String {
    let answers = (0..1_usize << facts.len())
        .map(|combination| {
            let values: Vec<bool> = (0..facts.len())
                .map(|fact| combination >> fact & 1 == 1)
                .collect();
            let decision = answer(&values);
            (values, decision)
        })
        .collect();
    Answers(answers).words(facts)
}

/// The answers to a question for some of the combinations of facts.
struct Answers(Vec<(Vec<bool>, Decision)>);

impl Answers {
    /// The answer, where it is the same for all.
    fn common(&self) -> Option<Decision> {
        let (_, first) = self.0.first()?;
        self.0
            .iter()
            .all(|(_, decision)| decision == first)
            .then_some(*first)
    }

    /// The answers where a fact is `value`.
    fn given(&self, fact: usize, value: bool) -> Self {
        let fits = |(values, _): &&(Vec<bool>, Decision)| values[fact] == value;
        Self(self.0.iter().filter(fits).cloned().collect())
    }

    /// Whether the answers depend on a fact.
    fn depend_on(&self, fact: usize) -> bool {
        let decisions = |value| {
            let given = self.given(fact, value).0;
            given
                .into_iter()
                .map(|(_, decision)| decision)
                .collect::<Vec<_>>()
        };
        decisions(true) != decisions(false)
    }

    fn words(&self, facts: &[&str]) -> String {
        if let Some(decision) = self.common() {
            return word(decision).to_owned();
        }
        // The fact without which everything is settled comes first, so that the words nest least.
        let mut deciding = (0..facts.len()).filter(|fact| self.depend_on(*fact));
        let settles = |fact: &usize| self.given(*fact, false).common().is_some();
        let fact = deciding
            .clone()
            .find(settles)
            .or_else(|| deciding.next())
            .expect("answers that differ depend on a fact");
        let otherwise = self.given(fact, false).words(facts);
        let name = facts[fact];
        let then = self.given(fact, true);
        match then.common() {
            Some(Decision::Allowed) => format!("{name}, else {otherwise}"),
            _ => format!("{name} ({}), else {otherwise}", then.words(facts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Allowed, Forbidden, Hidden};

    fn allowed_if(condition: bool) -> Decision {
        if condition { Allowed } else { Forbidden }
    }

    fn check_condense(answer: impl Fn(bool, bool) -> Decision, expected: &str) {
        let words = condense(&["asked", "paid"], &|facts| answer(facts[0], facts[1]));
        assert_eq!(words, expected);
    }

    #[test]
    fn an_answer_that_depends_on_nothing_is_one_word() {
        check_condense(|_, _| Forbidden, "no");
    }

    #[test]
    fn a_fact_that_does_not_matter_is_not_named() {
        check_condense(
            |_, paid| if paid { Allowed } else { Hidden },
            "paid, else hidden",
        );
    }

    #[test]
    fn the_fact_that_settles_it_comes_first() {
        check_condense(
            |asked, paid| match (paid, asked) {
                (false, _) => Hidden,
                (true, asked) => allowed_if(asked),
            },
            "paid (asked, else no), else hidden",
        );
    }

    #[test]
    fn either_fact_can_be_enough() {
        check_condense(
            |asked, paid| allowed_if(asked || paid),
            "asked, else paid, else no",
        );
    }

    #[test]
    fn a_fact_can_forbid() {
        check_condense(|asked, _| allowed_if(!asked), "asked (no), else yes");
    }
}
