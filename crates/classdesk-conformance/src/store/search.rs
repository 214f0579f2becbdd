//! Finding entries of lists by their words.

use classdesk_domain::bundles::{BundleFilter, BundleUpdate};
use classdesk_domain::ids::{BundleId, TicketId, UserId};
use classdesk_domain::people::{Email, InsertUser, Role, UserFilter, UserUpdate};
use classdesk_domain::search::SearchText;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::text::{DisplayName, Title};
use classdesk_domain::tickets::{TicketFilter, TicketQuery, TicketStatus, TicketUpdate};

use super::support::{scope, walk};
use crate::Fixture;
use crate::fixture::{description, new_user, title};

fn q(text: &str) -> Option<SearchText> {
    Some(SearchText::parse(text).expect("a search text"))
}

async fn tickets(store: &dyn Store, fixture: &Fixture, text: &str) -> Vec<TicketId> {
    let filter = TicketFilter {
        q: q(text),
        ..TicketFilter::default()
    };
    let scope = scope(fixture.admin);
    let found = walk(2, async |page| {
        let filter = filter.clone();
        store
            .list_tickets(TicketQuery { scope, filter }, page)
            .await
    });
    found.await.iter().map(|ticket| ticket.id).collect()
}

async fn bundles(store: &dyn Store, fixture: &Fixture, text: &str) -> Vec<BundleId> {
    let filter = BundleFilter {
        q: q(text),
        ..BundleFilter::default()
    };
    let found = walk(2, async |page| {
        let scope = scope(fixture.admin);
        store.list_bundles(scope, filter.clone(), page).await
    });
    found.await.iter().map(|view| view.bundle.id).collect()
}

async fn users(store: &dyn Store, text: &str) -> Vec<UserId> {
    let filter = UserFilter {
        q: q(text),
        ..UserFilter::default()
    };
    let found = walk(2, async |page| store.list_users(filter.clone(), page).await);
    found.await.iter().map(|user| user.id).collect()
}

/// A ticket with these texts as an older version would have kept them.
async fn add_ticket(store: &dyn Store, fixture: &Fixture, name: &str, says: &str) -> TicketId {
    let mut row = fixture.new_ticket(fixture.client, None);
    row.ticket.title = Title::from_stored(name.to_owned());
    row.description = description(says);
    let created = store.create_ticket(Commit::new(row)).await;
    created.expect("created").id
}

/// Every word has to begin a word of the title or the description, whatever its case, accents,
/// normal form and script, and in any order.
///
/// contract: conv.search
pub async fn tickets_are_found_by_their_words(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let german = add_ticket(
        store,
        &fixture,
        "U\u{308}bung fehlt",
        "Straße 7b, Zweiter Stock",
    )
    .await;
    let russian = add_ticket(store, &fixture, "Ёлка и ФИЛЬМ", "").await;
    let greek = add_ticket(store, &fixture, "ΣΊΣΥΦΟΣ", "ﬁne ｗｉｄｅ").await;
    let chinese = add_ticket(store, &fixture, "東京の天気", "iPhone手机").await;
    let others = add_ticket(store, &fixture, "हिन्दी עִבְרִית", "ภาษาไทย 한국어 مُدَرِّسَة").await;
    for (text, expected) in [
        ("Übung", Some(german)),
        ("übung", Some(german)),
        ("U\u{308}BUNG", Some(german)),
        ("ubung", Some(german)),
        ("fehlt übung", Some(german)),
        ("strasse ÜB", Some(german)),
        ("STOCK zwei feh str 7", Some(german)),
        ("bung", None),
        ("übung nicht", None),
        ("übungen", None),
        ("елка", Some(russian)),
        ("ФИЛЬМ ЁЛ", Some(russian)),
        ("σίσυφος", Some(greek)),
        ("FINE wide", Some(greek)),
        ("天気", Some(chinese)),
        ("東 iphone", Some(chinese)),
        ("手机 天", Some(chinese)),
        ("北", None),
        ("हिन्", Some(others)),
        ("עברית", Some(others)),
        ("ไทย", Some(others)),
        ("한국", Some(others)),
        ("مدرسة", Some(others)),
    ] {
        let found = tickets(store, &fixture, text).await;
        assert_eq!(found, Vec::from_iter(expected), "{text:?}");
    }
}

/// A ticket is found by its number, alone and beside other words; a number is a word as well.
///
/// contract: conv.search.number
pub async fn tickets_are_found_by_their_number(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let first = add_ticket(store, &fixture, "Broken", "Screen").await;
    let mut others = Vec::new();
    for _ in 0..11 {
        others.push(add_ticket(store, &fixture, "Another", "").await);
    }
    let named = add_ticket(
        store,
        &fixture,
        "Again",
        &format!("like {first} and {first}7x"),
    )
    .await;
    for text in [
        format!("#{first}"),
        first.to_string(),
        format!(" 00{first}"),
    ] {
        let found = tickets(store, &fixture, &text).await;
        let is_word = !text.contains("00");
        let expected = [named, first];
        assert_eq!(found, expected[usize::from(!is_word)..], "{text:?}");
    }
    for (text, expected) in [
        (format!("#{first} screen"), vec![first]),
        (format!("brok {first}"), vec![first]),
        (format!("{first} like"), vec![named]),
        (format!("{first} {first}7"), vec![named]),
        (format!("#{first} another"), vec![]),
        (format!("{first} #{named}"), vec![named]),
    ] {
        assert_eq!(tickets(store, &fixture, &text).await, expected, "{text:?}");
    }
    // The beginning of a number is not that number.
    let last = others[10];
    let beginning = &last.to_string()[..last.to_string().len() - 1];
    if !beginning.is_empty() && beginning != first.to_string() {
        assert!(!tickets(store, &fixture, beginning).await.contains(&last));
    }
    // Only tickets are found by their numbers.
    let bundle = fixture.bundle.to_string();
    assert_eq!(bundles(store, &fixture, &format!("#{bundle}")).await, []);
    assert_eq!(users(store, &format!("#{}", fixture.client.id)).await, []);
}

/// Bundles and people are found by their words, too.
///
/// contract: conv.search
pub async fn bundles_and_people_are_found_by_their_words(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut row = super::bundles::full(&fixture);
    row.bundle.title = title("Prüfung für Ärzte");
    row.bundle.description = description("Zweite Auflage");
    let bundle = store.create_bundle(Commit::new(row)).await;
    let bundle = bundle.expect("created").id;
    for (text, finds) in [
        ("ärz PRUFUNG", true),
        ("auflage arzte", true),
        ("zweite zweite", true),
        ("ärzte dritte", false),
    ] {
        let expected = Vec::from_iter(finds.then_some(bundle));
        assert_eq!(bundles(store, &fixture, text).await, expected, "{text:?}");
    }
    let row = InsertUser {
        email: Email::parse("björn.müller@schule.example").expect("an address"),
        display_name: DisplayName::parse("Björn Øster-Müller").expect("a name"),
        ..new_user("b_mueller", Role::Writer, fixture.tick())
    };
    let person = store.create_user(Commit::new(row)).await.expect("created");
    for (text, finds) in [
        ("muller bjorn", true),
        ("B_MUELLER", true),
        ("ost", true),
        ("björn.müller@schule.example", true),
        ("schule", true),
        ("jorn", false),
    ] {
        let expected = Vec::from_iter(finds.then_some(person.id));
        assert_eq!(users(store, text).await, expected, "{text:?}");
    }
}

/// What is changed is found by its new words, and no longer by its old ones.
pub async fn changed_words_are_found(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = add_ticket(store, &fixture, "Oldest title", "Stays here").await;
    let staff = scope(fixture.admin);
    let ticket = store.ticket(id, staff).await.expect("readable");
    let mut ticket = ticket.expect("there");
    for (name, status) in [
        ("Newer heading", TicketStatus::Open),
        ("Newer heading", TicketStatus::InProgress),
    ] {
        ticket.title = title(name);
        ticket.status = status;
        let update = TicketUpdate {
            ticket,
            assigned_to: None,
            at: fixture.tick(),
            scope: staff,
        };
        let updated = store.update_ticket(Commit::new(update)).await;
        ticket = updated.expect("changed");
        assert_eq!(tickets(store, &fixture, "oldest").await, []);
        for text in ["heading newer stays".to_owned(), format!("#{id}")] {
            assert_eq!(tickets(store, &fixture, &text).await, [id], "{text}");
        }
    }

    let view = store.bundle(fixture.bundle, staff).await.expect("readable");
    let mut bundle = view.expect("there").bundle;
    let before = bundle.title.as_str().to_owned();
    bundle.title = title("Herbst");
    bundle.description = description("Fällt aus");
    let changed = store
        .update_bundle(Commit::new(BundleUpdate {
            bundle,
            writer: None,
        }))
        .await;
    changed.expect("changed");
    assert_eq!(bundles(store, &fixture, &before).await, []);
    assert_eq!(
        bundles(store, &fixture, "fallt herbst").await,
        [fixture.bundle]
    );

    let client = fixture.client.id;
    for (name, email, gone, found) in [
        (Some("Clara"), None, "nobody", "clara client"),
        (
            None,
            Some("c@elsewhere.example"),
            "example.com client",
            "elsewhere clara client",
        ),
        (
            Some("Änne"),
            Some("a@school.example"),
            "clara",
            "anne school",
        ),
    ] {
        let update = UserUpdate {
            display_name: name.map(|name| DisplayName::parse(name).expect("a name")),
            email: email.map(|email| Email::parse(email).expect("an address")),
            ..UserUpdate::of(client)
        };
        let changed = store.update_user(Commit::new(update)).await;
        changed.expect("changed");
        assert!(!users(store, gone).await.contains(&client), "{gone}");
        assert_eq!(users(store, found).await, [client]);
    }
}

/// Whatever signs a search has, they are no operators; without a word it finds nothing.
pub async fn signs_are_no_operators(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = add_ticket(
        store,
        &fixture,
        "AND or NOT near",
        "terms: it's \"quoted\" 100 %",
    )
    .await;
    for text in [
        "and",
        "NOT",
        "OR",
        "near",
        "NEAR(and not)",
        "\"quoted",
        "quoted\"",
        "it's",
        "terms:it",
        "(and",
        "and)",
        "and*",
        "-and",
        "^and",
        "and & not",
        "and | not",
        "!and",
        "and:*",
        "'and'",
        "\\and",
        "and\\",
        "{and}",
        "and + not",
        "100%",
        "_100_",
        "<and>",
        "and;--",
        "$1 and",
    ] {
        let found = tickets(store, &fixture, text).await;
        assert_eq!(found, [id], "{text:?}");
    }
    for text in [
        "\"", "*", "'", "\\", "%", "()", "\"\"", "#", "&", "🎉", "a:b\"c*",
    ] {
        assert_eq!(tickets(store, &fixture, text).await, [], "{text:?}");
        assert_eq!(bundles(store, &fixture, text).await, [], "{text:?}");
        assert_eq!(users(store, text).await, [], "{text:?}");
    }
}

/// The longest texts and words are taken, and found by as much as is compared.
pub async fn long_texts_are_found(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let word = add_ticket(store, &fixture, "Long", &"a".repeat(20_000)).await;
    let signs: String = ('\u{4e00}'..).take(16_100).collect();
    let many = add_ticket(store, &fixture, "Many", &signs).await;
    let long: String = "д".repeat(255);
    let cyrillic = add_ticket(store, &fixture, &long, "").await;
    for (text, expected) in [
        ("a".repeat(255), Some(word)),
        (format!("{}b", "a".repeat(60)), None),
        ("\u{4e00}\u{7000}".to_owned(), Some(many)),
        (long, Some(cyrillic)),
        (signs.chars().take(255).collect(), Some(many)),
    ] {
        let found = tickets(store, &fixture, &text).await;
        assert_eq!(found, Vec::from_iter(expected), "{text}");
    }
}
