//! Names, addresses and passwords.

use classdesk_domain::ExternalId;
use classdesk_domain::people::{
    AccessToken, Email, LoginName, NewPassword, PasswordHash, Role, TimeZone, TokenHash, Username,
};
use classdesk_domain::text::{DisplayName, Title};
use classdesk_domain::validation::FieldError;
use proptest::prelude::*;

#[test]
fn values_are_read_from_text_as_the_standard_library_does() {
    let ann = " Ann ".parse::<Username>().expect("a username");
    assert_eq!(ann.as_str(), "ann");
    assert_eq!(
        Email::try_from("Ann@Example.com"),
        Email::parse("ann@example.com")
    );
    assert_eq!("writer".parse(), Ok(Role::Writer));
    assert_eq!("A title".parse(), Title::parse("A title"));
    assert!("short".parse::<NewPassword>().is_err());
}

#[test]
fn an_error_says_in_one_line_what_is_wrong() {
    let say = |fault: FieldError| fault.to_string();
    let faults = [
        Username::parse("a b c").map_err(say).err(),
        Username::parse("ab").map_err(say).err(),
        Email::parse("nowhere").map_err(say).err(),
        NewPassword::parse("passwordpassword").map_err(say).err(),
        Role::parse("king").map_err(say).err(),
        DisplayName::parse("two\nlines").map_err(say).err(),
    ];
    let expected = [
        "A username has only a-z, 0-9, '.', '_' and '-'.",
        "This must have at least 3 characters.",
        "This is not an email address.",
        "This password is too common.",
        "Expected one of: client, writer, editor, admin, superadmin.",
        "This must be a single line.",
    ];
    assert_eq!(faults, expected.map(|text| Some(text.to_owned())));
}

#[test]
fn an_external_id_has_printable_characters_and_no_blanks() {
    let long = "x".repeat(256);
    for (text, expected) in [
        ("7", "good"),
        ("auth0|5f/é%+", "good"),
        (&long[..255], "good"),
        (&long, "too_long"),
        ("", "external_id"),
        ("a b", "external_id"),
        ("a\n", "external_id"),
        ("a\u{200b}", "external_id"),
    ] {
        assert_eq!(code(ExternalId::parse(text)), expected, "{text:?}");
    }
}

#[test]
fn a_time_zone_is_one_of_the_iana_database() {
    let berlin = "europe/BERLIN".parse::<TimeZone>().expect("a zone");
    assert_eq!(berlin.as_str(), "Europe/Berlin");
    assert_eq!(TimeZone::parse("UTC"), Ok(TimeZone::default()));
    for unknown in ["", "Europe/Atlantis", "+02:00", "../UTC"] {
        assert_eq!(code(TimeZone::parse(unknown)), "time_zone", "{unknown}");
    }
}

fn code<T>(result: Result<T, FieldError>) -> &'static str {
    result.map_or_else(|fault| fault.code(), |_| "good")
}

proptest! {
    #[test]
    fn a_username_is_folded_and_kept(text in "[a-zA-Z0-9._-]{3,64}", around in "[ \t]{0,3}") {
        let username = Username::parse(&format!("{around}{text}{around}")).expect("a username");
        prop_assert_eq!(username.as_str(), text.to_ascii_lowercase());
        prop_assert_eq!(Username::parse(username.as_str()), Ok(username.clone()));
        let login = LoginName::new(&text);
        prop_assert_eq!(login.as_str(), username.as_str());
    }

    #[test]
    fn a_username_has_no_other_character(text in "[a-z]{3}", other in "[^a-zA-Z0-9._-]") {
        let mixed = format!("{text}{other}{text}");
        prop_assert!(Username::parse(&mixed).is_err());
    }

    #[test]
    fn an_address_is_folded_as_a_login_name_is(local in "[a-zA-ZÄß.+]{1,12}", domain in "[a-zA-ZÉ]{1,9}\\.[a-z]{2,5}") {
        let raw = format!("  {local}@{domain}\n");
        let email = Email::parse(&raw).expect("an address");
        let login = LoginName::new(&raw);
        prop_assert_eq!(login.as_str(), email.as_str());
        prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
        prop_assert_eq!(Email::from_stored(email.to_string()), email);
    }

    #[test]
    fn no_text_makes_them_panic(text in ".{0,300}") {
        let _ = (Username::parse(&text), Email::parse(&text), NewPassword::parse(&text));
        prop_assert!(LoginName::new(&text).as_str().chars().count() <= 3 * 254);
    }

    #[test]
    fn a_password_is_kept_as_typed(text in "[^\0]{12,128}") {
        prop_assume!(text.chars().count() <= 128);
        if let Ok(password) = NewPassword::parse(&text) {
            prop_assert_eq!(password.expose(), &text);
        } else {
            prop_assert!(text.is_ascii(), "only a common one is refused: {text}");
        }
    }

    #[test]
    fn a_password_never_contains_the_username(
        name in "[a-z]{3,10}", before in "[0-9]{6}", after in "[0-9]{6}", shout: bool,
    ) {
        let username = Username::parse(&name).expect("a username");
        let shown = if shout { name.to_uppercase() } else { name };
        let password = NewPassword::parse(&format!("{before}{shown}{after}")).expect("long enough");
        prop_assert_eq!(code(password.fits(&username)), "password_contains_username");
    }

    /// contract: conv.auth.random
    #[test]
    fn a_token_is_read_as_it_was_shown(bytes: [u8; 32]) {
        let token = AccessToken::from_bytes(bytes);
        let shown = token.expose();
        prop_assert_eq!(shown.len(), 43);
        prop_assert_eq!(AccessToken::parse(&shown), Some(token.clone()));
        let hash = token.hash();
        prop_assert_ne!(hash.as_bytes(), &bytes);
        prop_assert_eq!(TokenHash::from_bytes(*hash.as_bytes()), hash);
        prop_assert_eq!(AccessToken::parse(&shown[1..]), None);
        prop_assert_eq!(AccessToken::parse(&format!("{shown}A")), None);
    }
}

#[test]
fn usernames_at_their_edges() {
    for (raw, expected) in [
        ("ab", "too_short"),
        ("abc", "good"),
        ("", "blank"),
        ("   ", "blank"),
        ("a b", "username"),
        ("Ää-x", "username"),
        ("a\0bc", "nul_character"),
    ] {
        assert_eq!(code(Username::parse(raw)), expected, "{raw:?}");
    }
    assert_eq!(code(Username::parse(&"a".repeat(64))), "good");
    assert_eq!(code(Username::parse(&"a".repeat(65))), "too_long");
    assert_eq!(Username::from_stored("abc".into()).to_string(), "abc");
}

/// contract: people.email
#[test]
fn one_address_has_one_form() {
    for (raw, expected) in [
        ("cafe\u{301}@example.org", "café@example.org"),
        (" CAFÉ@Example.ORG ", "café@example.org"),
        ("CAFE\u{301}@example.org", "café@example.org"),
        ("\u{212b}@example.org", "å@example.org"),
    ] {
        let parsed = Email::parse(raw).expect("an address");
        assert_eq!(parsed.as_str(), expected, "{raw:?}");
        assert_eq!(LoginName::new(raw).as_str(), expected, "{raw:?}");
        assert_eq!(Email::parse(parsed.as_str()), Ok(parsed));
    }
}

/// contract: people.email
#[test]
fn addresses_have_no_characters_that_hide_or_separate() {
    for hidden in "\u{200b}\u{ad}\u{202e}\u{200e}\u{2066}\u{feff}\u{3164}\u{fe0f}\u{e0041}".chars()
    {
        for raw in [
            format!("admin@example.org{hidden}"),
            format!("{hidden}admin@example.org"),
            format!("ad{hidden}min@example.org"),
            format!("\"ad{hidden}min\"@example.org"),
            format!("admin@exam{hidden}ple.org"),
        ] {
            assert_eq!(code(Email::parse(&raw)), "email", "{raw:?}");
        }
    }
    for special in "<>()[]:;,\"\\@".chars() {
        for raw in [
            format!("a{special}b@example.org"),
            format!("{special}@example.org"),
            format!("a@b{special}.org"),
            format!("a@example.org{special}"),
        ] {
            assert_eq!(code(Email::parse(&raw)), "email", "{raw:?}");
        }
    }
    for good in [
        r#""a;b@c"@example.org"#,
        r#""a\"b\\"@example.org"#,
        "o'neil@example.org",
    ] {
        assert_eq!(code(Email::parse(good)), "good", "{good}");
    }
    for bad in [
        r#"""@example.org"#,
        r#""@example.org"#,
        r#""a"b"@example.org"#,
        r#""a\"@example.org"#,
        r#""a"b@example.org"#,
        "Anna <a@example.org>",
        "<a@example.org>",
    ] {
        assert_eq!(code(Email::parse(bad)), "email", "{bad}");
    }
}

#[test]
fn addresses_at_their_edges() {
    for good in ["a@b", "a.b+c@example.org", "ß@EXAMPLE.org", "a@b-c.d"] {
        assert_eq!(code(Email::parse(good)), "good", "{good}");
    }
    for bad in [
        "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@.b", "a@b.", "a@-b", "a@b-", "a@b..c",
        "a\u{7}@b",
    ] {
        assert_eq!(code(Email::parse(bad)), "email", "{bad}");
    }
    assert_eq!(code(Email::parse(" ")), "blank");
    assert_eq!(code(Email::parse("a\0@b")), "nul_character");
    let domain = |length| format!("a@{}", "b".repeat(length));
    assert_eq!(code(Email::parse(&domain(252))), "good");
    assert_eq!(code(Email::parse(&domain(253))), "too_long");
    let local = |length| format!("{}@b", "a".repeat(length));
    assert_eq!(code(Email::parse(&local(64))), "good");
    assert_eq!(code(Email::parse(&local(65))), "email");
}

#[test]
fn passwords_at_their_edges() {
    for (raw, expected) in [
        ("elevenchars".to_owned(), "too_short"),
        ("twelve chars".to_owned(), "good"),
        // Characters count, not bytes, and nothing is trimmed.
        ("ä".repeat(12), "good"),
        (" ".repeat(12), "good"),
        ("ä".repeat(128), "good"),
        ("ä".repeat(129), "too_long"),
        ("password\0password".to_owned(), "nul_character"),
        ("123456123456".to_owned(), "common_password"),
        ("QWERTYUIOP123".to_lowercase(), "common_password"),
        ("QwertyUiop123".to_owned(), "common_password"),
    ] {
        assert_eq!(code(NewPassword::parse(&raw)), expected, "{raw:?}");
    }
}

#[test]
fn secrets_do_not_show() {
    let password = NewPassword::parse("correct horse battery").expect("a password");
    let hash = PasswordHash::new("$argon2id$secret".to_owned());
    let token = AccessToken::from_bytes([7; 32]);
    let shown = format!("{password:?} {hash:?} {token:?} {:?}", token.hash());
    assert_eq!(
        shown,
        "NewPassword(…) PasswordHash(…) AccessToken(…) TokenHash(…)"
    );
    assert_eq!(hash.as_str(), "$argon2id$secret");
}
