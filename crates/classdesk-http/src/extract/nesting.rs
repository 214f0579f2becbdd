//! How deep JSON is nested, while it comes in.

/// The depth at which the parser gives up (`serde_json`'s recursion limit).
const DEEPEST: u32 = 128;

/// How deep the text so far is nested. It knows strings and brackets and nothing else of JSON.
#[derive(Default)]
pub(super) struct Nesting {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Reads on, and says whether the parser will refuse the text for its depth, whatever follows.
    pub(super) fn is_too_deep(&mut self, text: &[u8]) -> bool {
        for byte in text {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth > DEEPEST {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn is_too_deep(text: &str) -> bool {
        Nesting::default().is_too_deep(text.as_bytes())
    }

    #[test]
    fn what_is_too_deep_is_too_deep_for_the_parser() {
        for depth in [1, 126, 127, 128, 129, 130, 1000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let refused = serde_json::from_str::<Value>(&text).is_err();
            assert!(refused || !is_too_deep(&text), "{depth}");
            assert_eq!(is_too_deep(&text), depth > 128);
        }
    }

    #[test]
    fn brackets_in_strings_nest_nothing_wherever_the_text_is_cut() {
        let text = format!(r#"{{"a\\\"": "\"{}"}}"#, "[".repeat(1000));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        for cut in 0..text.len() {
            let mut nesting = Nesting::default();
            let (begin, end) = text.as_bytes().split_at(cut);
            assert!(!nesting.is_too_deep(begin) && !nesting.is_too_deep(end));
        }
    }
}
