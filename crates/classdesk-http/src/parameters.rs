//! Header values with parameters: media types, and what the part of a form is. They are read as
//! RFC 9110 (section 5.6.6) writes them, and as clients do: a value with `=` or `/` in it may
//! come without quotes, and file names come with backslashes that escape nothing.

/// A value and its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// What stands before the parameters, in lower case.
    pub(crate) value: String,
    parameters: Vec<(String, Vec<u8>)>,
}

impl Parameters {
    /// Reads a header's value; `None` when it is not divided as it should be.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let (value, mut rest) = until_semicolon(header);
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(b";") {
            let after = after.trim_ascii_start();
            let (name, after) = token(after);
            if name.is_empty() {
                // RFC 9110 allows a semicolon behind which nothing stands.
                rest = after;
                continue;
            }
            let after = after.trim_ascii_start().strip_prefix(b"=")?;
            let after = after.trim_ascii_start();
            let (value, after) = match after.strip_prefix(b"\"") {
                Some(quoted) => until_quote(quoted)?,
                None => {
                    let (value, after) = until_semicolon(after);
                    (value.to_vec(), after)
                }
            };
            parameters.push((lower(name), value));
            rest = after.trim_ascii_start();
        }
        rest.is_empty().then(|| Self {
            value: lower(value),
            parameters,
        })
    }

    /// The first parameter of this name, which is given in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.parameters.iter();
        all.find_map(|(its, value)| (its == name).then_some(&**value))
    }
}

fn lower(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_ascii_lowercase()
}

fn until_semicolon(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| *b == b';').unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    (value.trim_ascii(), rest)
}

/// The characters of a token (RFC 9110, section 5.6.2) that the text begins with.
fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let is_of_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let end = text.iter().position(|b| !is_of_token(b));
    text.split_at(end.unwrap_or(text.len()))
}

/// What stands before the closing quote, and behind it. Only a quote and a backslash are escaped by
/// a backslash, since browsers send the backslashes of file names as they are.
fn until_quote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', after @ ..] if ends_a_parameter(after) => return Some((value, after)),
            // The last character of the value is a backslash.
            [b'\\', after @ ..] if matches!(after, [b'"', end @ ..] if ends_a_parameter(end)) => {
                value.push(b'\\');
                after
            }
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] | [escaped, after @ ..] => {
                value.push(*escaped);
                after
            }
            [] => return None,
        }
    }
}

/// Whether what follows a quote is the end or another parameter, so that the quote closes a value.
fn ends_a_parameter(text: &[u8]) -> bool {
    match text.trim_ascii_start() {
        [] => true,
        [b';', after @ ..] => {
            let (name, after) = token(after.trim_ascii_start());
            matches!(
                (name, after.trim_ascii_start()),
                ([], [b';', ..] | []) | ([_, ..], [b'=', ..])
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, value: &str, parameters: &[(&str, &str)]) {
        let parsed = Parameters::parse(header.as_bytes()).expect("it is divided as it should be");
        let found = parsed.parameters.iter();
        let found: Vec<_> = found
            .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()))
            .collect();
        assert_eq!(
            (parsed.value.as_str(), found.as_slice()),
            (value, parameters),
            "{header}"
        );
    }

    #[test]
    fn blanks_case_quotes_and_empty_parameters_are_read_as_rfc_9110_writes_them() {
        check("application/json", "application/json", &[]);
        for header in [
            "application/json ; charset=utf-8",
            "Application/JSON;charset=\"utf-8\"",
            "application/json;\tCHARSET=utf-8\t;",
            " application/json; ;charset=utf-8;; ",
            "application/json; charset = utf-8",
        ] {
            check(header, "application/json", &[("charset", "utf-8")]);
        }
        check(
            "a/b; c=\"x;y=z\"; d=\"a\\\"b\"",
            "a/b",
            &[("c", "x;y=z"), ("d", "a\"b")],
        );
    }

    #[test]
    fn a_boundary_needs_no_quotes() {
        for boundary in ["--===16264===", "a/b:c?d", "(x,y)", "a b"] {
            let header = format!("multipart/form-data; boundary={boundary}");
            check(&header, "multipart/form-data", &[("boundary", boundary)]);
        }
    }

    #[test]
    fn what_is_not_divided_by_semicolons_is_refused() {
        for header in [
            "a/b; c",
            "a/b; c d=e",
            "a/b; c=\"d",
            "a/b; \"c\"=d",
            "a/b; ü=d",
        ] {
            assert_eq!(Parameters::parse(header.as_bytes()), None, "{header}");
        }
    }

    #[test]
    fn backslashes_of_file_names_stay() {
        for (sent, expected) in [
            (r"C:\Users\me\report.txt", r"C:\Users\me\report.txt"),
            (r"report\", r"report\"),
            (r"report\\", r"report\"),
            (r#"a\"b"#, r#"a"b"#),
            (r#"a\""#, r#"a""#),
            (r#"a"b"#, r#"a"b"#),
            (r#"a\"; b"#, r#"a"; b"#),
        ] {
            let header = format!("form-data; filename=\"{sent}\"; name=\"file\"");
            let expected = [("filename", expected), ("name", "file")];
            check(&header, "form-data", &expected);
        }
    }
}
