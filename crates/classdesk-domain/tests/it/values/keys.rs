//! Kinds of subjects, idempotency keys, storage keys, media types, and the words of the contract.

use classdesk_domain::blobs::{BlobPurpose, BlobState, ContentType, Sha256Digest, StorageKey};
use classdesk_domain::bundles::{BundleStatus, Dates, MemberRelation, NumberOfClasses};
use classdesk_domain::events::EventAction;
use classdesk_domain::idempotency::{Fingerprint, IdempotencyKey};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::people::Role;
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectRef};
use classdesk_domain::text::Title;
use classdesk_domain::threads::MessageKind;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use classdesk_domain::validation::FieldError;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_kind_is_what_the_contract_says(text in "[a-z][a-z0-9_]{0,31}") {
        let kind = SubjectKind::parse(&text).expect("a kind");
        prop_assert_eq!(kind.as_str(), &text);
        prop_assert_eq!(kind.is_native(), text == "class_bundle");
        prop_assert_eq!(SubjectKind::from_stored(text), kind);
    }

    #[test]
    fn anything_else_is_no_kind(text in ".{0,40}") {
        let mut chars = text.chars();
        let first = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let rest = chars.all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        prop_assert_eq!(SubjectKind::parse(&text).is_ok(), first && rest && text.len() <= 32);
    }

    /// contract: conv.retries.key
    #[test]
    fn an_idempotency_key_is_printable_ascii(text in "[ -~]{1,255}") {
        let key = IdempotencyKey::parse(&text).expect("a key");
        prop_assert_eq!(key.as_str(), text);
    }

    #[test]
    fn a_storage_key_is_read_as_it_was_made(random: [u8; 32]) {
        for purpose in BlobPurpose::ALL {
            let key = StorageKey::fresh(*purpose, random);
            prop_assert!(key.as_str().starts_with(purpose.prefix()));
            prop_assert_eq!(StorageKey::parse(key.as_str()), Some(key.clone()));
            prop_assert_eq!(key.to_string(), key.as_str());
            prop_assert_eq!(format!("{key:?}"), key.as_str());
        }
        let digest = Sha256Digest::from_bytes(random);
        prop_assert_eq!(digest.as_bytes(), &random);
        let named = format!("ticket_attachments/{digest}");
        prop_assert!(StorageKey::parse(&named).is_some());
        prop_assert_eq!(format!("{digest:?}"), digest.to_string());
    }

    #[test]
    fn nothing_else_is_a_storage_key(text in "(class_bundles/files/|ticket_attachments/)?[0-9a-g./]{0,70}") {
        let digits = text.strip_prefix("class_bundles/files/");
        let digits = digits.or_else(|| text.strip_prefix("ticket_attachments/"));
        let good = digits.is_some_and(|digits| {
            digits.len() == 64 && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        });
        prop_assert_eq!(StorageKey::parse(&text).is_some(), good);
    }
}

/// contract: conv.retries.key
#[test]
fn no_idempotency_key() {
    for text in [
        "".to_owned(),
        "a".repeat(256),
        "ä".into(),
        "a\n".into(),
        "\u{7f}".into(),
    ] {
        let fault = IdempotencyKey::parse(&text).expect_err("no key");
        assert_eq!(fault.code(), "idempotency_key");
    }
}

/// contract: conv.uploads.keys
#[test]
fn storage_keys_are_lower_case_and_whole() {
    let key = StorageKey::fresh(BlobPurpose::BundleFile, [0xab; 32]);
    assert_eq!(
        key.as_str(),
        format!("class_bundles/files/{}", "ab".repeat(32))
    );
    for stray in [
        key.as_str().to_uppercase(),
        format!("{key}0"),
        format!("x{key}"),
        key.as_str().replace("class_bundles/", ""),
        format!("{key}/../x"),
    ] {
        assert_eq!(StorageKey::parse(&stray), None, "{stray}");
    }
}

#[test]
fn media_types() {
    for good in [
        "application/pdf",
        "image/svg+xml",
        "application/vnd.ms-excel",
        "x/1",
    ] {
        assert_eq!(ContentType::parse(good).expect(good).as_str(), good);
        assert_eq!(ContentType::from_stored(good.into()).as_str(), good);
    }
    let long = format!("a/{}", "b".repeat(126));
    for bad in [
        "", "pdf", "/", "a/", "/b", "a/b/c", "a/b; q=1", "a b/c", "é/x", ".a/b", &long,
    ] {
        let fault = ContentType::parse(bad).expect_err(bad);
        assert_eq!(fault.code(), "content_type");
    }
    assert!(ContentType::parse(&long[..127]).is_ok());
    assert_eq!(ContentType::unknown().as_str(), "application/octet-stream");
}

#[test]
fn fingerprints_tell_bodies_apart_and_show_little() {
    let one = Fingerprint::of(b"one");
    assert_eq!(one, Fingerprint::of(b"one"));
    assert_ne!(one, Fingerprint::of(b"two"));
    assert_eq!(Fingerprint::from_bytes(*one.as_bytes()), one);
    assert!(format!("{one:?}").len() < 24, "{one:?}");
}

#[test]
fn a_subject_names_itself() {
    let subject = |kind, id, label: &str| Subject {
        external_id: None,
        reference: SubjectRef::new(kind, id),
        parties: Parties {
            client: UserId::new(1),
            assigned_writer: None,
        },
        label: Title::parse(label).expect("a title"),
        version: 1,
    };
    let bundle = subject(SubjectKind::CLASS_BUNDLE, 42, "Spring semester");
    assert_eq!(bundle.line(), "Class bundle #42: Spring semester");
    assert_eq!(bundle.default_subject_line().as_str(), bundle.line());
    assert_eq!(bundle.reference, SubjectRef::bundle(BundleId::new(42)));
    assert_eq!(bundle.reference.as_bundle(), Some(BundleId::new(42)));
    let order = SubjectKind::parse("order").expect("a kind");
    let order = subject(order, 42, &"x".repeat(255));
    assert_eq!(order.reference.as_bundle(), None);
    assert_eq!(order.default_subject_line().as_str().chars().count(), 255);
    assert!(
        order
            .default_subject_line()
            .as_str()
            .starts_with("Order #42: xxx")
    );
    assert_eq!(SubjectKind::parse("a").expect("a kind").title(), "A");
    assert_eq!(order.reference.content_type.to_string(), "order");
}

/// Every word is read as it is written, and nothing else is.
macro_rules! check_words {
    ($($name:ident: $words:expr;)*) => {$(
        let words: Vec<_> = $name::ALL.iter().map(|value| value.as_str()).collect();
        assert_eq!(words.join(" | "), $words);
        for value in $name::ALL {
            assert_eq!($name::parse(value.as_str()), Ok(*value));
            assert_eq!(value.to_string(), value.as_str());
            let shouted = value.as_str().to_uppercase();
            let Err(FieldError::NotAChoice { allowed }) = $name::parse(&shouted) else {
                panic!("{shouted} was read");
            };
            assert_eq!(allowed, words.join(", "));
        }
    )*};
}

#[test]
fn words_are_those_of_the_contract() {
    check_words! {
        Role: "client | writer | editor | admin | superadmin";
        BundleStatus: "not_started | in_progress | exhausted | completed";
        MessageKind: "text | file | system";
        TicketPriority: "low | medium | high | critical";
        TicketCategory: "general | payment | technical | feedback | order | other";
        TicketStatus: "open | in_progress | awaiting_response | escalated | closed";
        MemberRelation: "client | assigned_writer | staff";
        BlobPurpose: "bundle_file | message_attachment | ticket_attachment";
        BlobState: "pending | stored | deleted";
    }
    let mut actions: Vec<_> = EventAction::ALL
        .iter()
        .map(|action| action.as_str())
        .collect();
    actions.sort_unstable();
    actions.dedup();
    assert_eq!(actions.len(), EventAction::ALL.len());
}

#[test]
fn a_system_message_cannot_be_sent() {
    assert_eq!(MessageKind::parse_sendable("text"), Ok(MessageKind::Text));
    assert_eq!(MessageKind::parse_sendable("file"), Ok(MessageKind::File));
    for word in ["system", "Text", ""] {
        let fault = MessageKind::parse_sendable(word).expect_err(word);
        assert_eq!(fault.code(), "not_a_choice");
    }
}

#[test]
fn numbers_of_classes_and_dates() {
    for (number, good) in [
        (0, false),
        (1, true),
        (1000, true),
        (1001, false),
        (i64::MAX, false),
    ] {
        assert_eq!(NumberOfClasses::new(number).is_ok(), good, "{number}");
    }
    assert_eq!(NumberOfClasses::new(12).map(NumberOfClasses::get), Ok(12));
    let day = |ordinal| Some(time::Date::from_ordinal_date(2026, ordinal).expect("a day"));
    assert_eq!(
        Dates::new(day(2), day(1)).map_err(|fault| fault.code()),
        Err("end_before_start")
    );
    for (start, end) in [
        (day(1), day(1)),
        (day(1), day(2)),
        (None, day(1)),
        (day(1), None),
    ] {
        let dates = Dates::new(start, end).expect("in order");
        assert_eq!((dates.start(), dates.end()), (start, end));
    }
}
