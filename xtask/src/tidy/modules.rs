//! What a source file says of its modules: what it declares, imports, defines and names.

/// The imports, definitions and paths of one file, without its tests.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The modules with a file of their own, each with its `#[path]`.
    pub(super) children: Vec<(String, Option<String>)>,
    /// What `use` brings in.
    pub(super) uses: Vec<Use>,
    /// The paths that the code names, those of `use` left out.
    pub(super) paths: Vec<Vec<String>>,
    /// Single names in the code, which say whether something imported is used here.
    pub(super) words: Vec<String>,
    /// What is defined here.
    pub(super) definitions: Vec<String>,
    /// The macros that are defined here.
    pub(super) macros: Vec<String>,
}

/// An import.
#[derive(Debug)]
pub(super) struct Use {
    /// What it is called here; `*` for everything.
    pub(super) name: String,
    pub(super) path: Vec<String>,
    /// Whether it is handed on to others.
    pub(super) is_public: bool,
}

const DEFINES: [&str; 8] = [
    "fn", "struct", "enum", "trait", "type", "const", "static", "union",
];

impl Module {
    /// Reads a file.
    pub(super) fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut module = Self::default();
        let mut place = 0;
        let mut path = None;
        let (mut is_test, mut is_public) = (false, false);
        while place < tokens.len() {
            let token = tokens[place].as_str();
            let next = |ahead: usize| tokens.get(place + ahead).map_or("", String::as_str);
            match token {
                "#" if next(1) == "[" => {
                    let end = closing(&tokens, place + 1);
                    let attribute = tokens[place + 2..end].concat();
                    is_test |= attribute == "cfg(test)";
                    if let Some(named) = attribute.strip_prefix("path=") {
                        path = Some(named.trim_matches('"').to_owned());
                    }
                    place = end + 1;
                    continue;
                }
                "pub" => {
                    is_public = true;
                    place = if next(1) == "(" {
                        closing(&tokens, place + 1) + 1
                    } else {
                        place + 1
                    };
                    continue;
                }
                _ if is_test => {
                    place = end_of_item(&tokens, place);
                    (path, is_test, is_public) = (None, false, false);
                    continue;
                }
                "mod" if next(2) == ";" => module.children.push((next(1).to_owned(), path.take())),
                // `use<>` says which lifetimes a type captures.
                "use" if next(1) != "<" => {
                    place = module.read_use(&tokens, place + 1, &[], is_public);
                    is_public = false;
                    continue;
                }
                "macro_rules" => module.macros.push(next(2).to_owned()),
                _ if DEFINES.contains(&token) => module.definitions.push(next(1).to_owned()),
                _ if is_word(token) && next(1) == "::" => {
                    let named = path_at(&tokens, place);
                    place += 2 * named.len() - 1;
                    module.paths.push(named);
                    continue;
                }
                _ if is_word(token) => module.words.push(token.to_owned()),
                _ => {}
            }
            (path, is_test, is_public) = (None, false, false);
            place += 1;
        }
        module
    }

    /// Reads a tree of imports and gives the place after it.
    fn read_use(
        &mut self,
        tokens: &[String],
        mut place: usize,
        before: &[String],
        is_public: bool,
    ) -> usize {
        let mut path = before.to_vec();
        let mut name = None;
        while let Some(token) = tokens.get(place) {
            match token.as_str() {
                "{" => {
                    let end = closing(tokens, place);
                    place += 1;
                    while place < end {
                        place = self.read_use(tokens, place, &path, is_public);
                        place += usize::from(tokens[place] == ",");
                    }
                    return end + 1;
                }
                "as" => {
                    name = Some(tokens[place + 1].clone());
                    place += 1;
                }
                "," | "}" | ";" => break,
                "::" => {}
                // `{self}` is what the path before it is.
                "self" if !before.is_empty() => {}
                _ => path.push(token.clone()),
            }
            place += 1;
        }
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            self.uses.push(Use {
                name,
                path,
                is_public,
            });
        }
        place
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The names of a path that begins here.
fn path_at(tokens: &[String], place: usize) -> Vec<String> {
    let mut path = vec![tokens[place].clone()];
    let rest = tokens[place + 1..].chunks_exact(2);
    path.extend(
        rest.take_while(|pair| pair[0] == "::" && is_word(&pair[1]))
            .map(|pair| pair[1].clone()),
    );
    path
}

/// Where the bracket that opens here closes.
fn closing(tokens: &[String], place: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(place) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

/// The place after an item: after its semicolon or its braces.
fn end_of_item(tokens: &[String], place: usize) -> usize {
    let mut at = place;
    while at < tokens.len() && !matches!(tokens[at].as_str(), ";" | "{") {
        at += 1;
    }
    match tokens.get(at).map(String::as_str) {
        Some("{") => closing(tokens, at) + 1,
        _ => at + 1,
    }
}

/// Words, strings, `::` and single characters; comments and white space are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("::") => 2,
            '"' => string_length(rest),
            '\'' => character_length(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#\"") => raw_length(rest),
            _ if is_word(&rest[..first.len_utf8()]) => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let token = &rest[..length];
        if !first.is_whitespace() && !token.starts_with("//") {
            tokens.push(token.to_owned());
        }
        rest = &rest[length..];
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character, or the tick of a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text[2..].find('\'').map_or(1, |end| {
            // The tick itself may be what is escaped.
            if end == 0 { 4 } else { 2 + end + 1 }
        }),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

fn raw_length(text: &str) -> usize {
    let (skip, end) = if text.starts_with("r#") {
        (3, "\"#")
    } else {
        (2, "\"")
    };
    text[skip..]
        .find(end)
        .map_or(text.len(), |at| skip + at + end.len())
}
