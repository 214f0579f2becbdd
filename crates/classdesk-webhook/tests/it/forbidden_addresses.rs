//! Nothing beside the public internet is ever reached, however it is named.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{SendFailure, WebhookSender, WebhookUrl};
use classdesk_webhook::{HttpWebhookSender, Lookup, PublicAddresses, WebhookOptions};

use crate::receiver::{Receiver, request};

/// Names that lead where they are told, each time to the next of these places.
#[derive(Default)]
struct Names {
    places: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    lookups: AtomicUsize,
}

impl Names {
    fn lead(&self, name: &str, places: &[&[&str]]) {
        let parsed = places.iter().map(|addresses| {
            let addresses = addresses
                .iter()
                .map(|address| address.parse().expect("an address"));
            addresses.collect()
        });
        let mut known = self.places.lock().expect("no panic");
        known.insert(name.to_owned(), parsed.collect());
    }
}

#[async_trait]
impl Lookup for Names {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut known = self.places.lock().expect("no panic");
        match known.get_mut(name) {
            Some(places) if places.len() > 1 => Ok(places.remove(0)),
            Some(places) => Ok(places[0].clone()),
            None => Err(std::io::ErrorKind::NotFound.into()),
        }
    }
}

fn sender(names: &Arc<Names>, allowed: &[&str]) -> HttpWebhookSender {
    let options = WebhookOptions {
        allowed_networks: allowed
            .iter()
            .map(|net| net.parse().expect("a network"))
            .collect(),
        allows_http: true,
        ..WebhookOptions::default()
    };
    HttpWebhookSender::with_lookup(options, names.clone()).expect("a sender")
}

/// The first, a middle and the last address of each network of version 4 that is not public.
fn forbidden_v4() -> Vec<Ipv4Addr> {
    let networks: [(&str, u32); 15] = [
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
    ];
    let mut all = vec![Ipv4Addr::LOCALHOST, Ipv4Addr::new(169, 254, 169, 254)];
    for (first, prefix) in networks {
        let first = u32::from(first.parse::<Ipv4Addr>().expect("an address"));
        let size = 1_u64 << (32 - prefix);
        let last = u32::try_from(u64::from(first) + size - 1).expect("an address");
        all.extend([first, first + (last - first) / 3, last].map(Ipv4Addr::from));
    }
    all
}

/// Hosts that are forbidden addresses by themselves.
fn forbidden_hosts() -> Vec<String> {
    let mut hosts = Vec::new();
    for address in forbidden_v4() {
        let number = u32::from(address);
        let [a, b, c, d] = address.octets();
        let (high, low) = (number >> 16, number & 0xffff);
        hosts.extend([
            address.to_string(),
            number.to_string(),
            format!("0x{number:x}"),
            format!("0{a:o}.0x{b:x}.{}", u32::from(c) << 8 | u32::from(d)),
            format!("[::ffff:{address}]"),
            format!("[64:ff9b::{address}]"),
            format!("[2002:{high:x}:{low:x}::1]"),
        ]);
    }
    let others = [
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::7f00:1]",
        "[fe80::1]",
        "[febf::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fdff:ffff::1]",
        "[ff02::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:1ff::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[5f00::1]",
        "[4000::1]",
        "127.1",
        "0x7f.1",
        "0177.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "0",
        "0x0",
        "4294967295",
    ];
    hosts.extend(others.map(str::to_owned));
    hosts
}

/// contract: webhooks.public
#[tokio::test]
async fn forbidden_addresses_are_never_reached() {
    let canary = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let names = Arc::new(Names::default());
    let sender = sender(&names, &[]);
    let port = canary.address.port();
    let mut tried = 0;
    for host in forbidden_hosts() {
        let url = format!("http://{host}:{port}/hook");
        let checked = sender.check(&WebhookUrl::parse(&url).unwrap()).await;
        assert_eq!(checked, Err(FieldError::WebhookAddress), "{url}");
        let sent = sender.send(request(&url)).await;
        assert_eq!(sent, Err(SendFailure::Address), "{url}");
        tried += 1;
    }
    assert_eq!(names.lookups.load(Ordering::SeqCst), 0, "none is a name");
    for address in forbidden_v4() {
        for place in [address.to_string(), format!("::ffff:{address}")] {
            names.lead("hook.example", &[&[&place]]);
            let sent = sender.send(request(&format!("http://hook.example:{port}/")));
            assert_eq!(sent.await, Err(SendFailure::Address), "{place}");
            tried += 1;
        }
    }
    assert!(tried >= 200, "only {tried} addresses were tried");
    assert_eq!(canary.connections(), 0);
}

/// contract: webhooks.public
#[tokio::test]
async fn a_name_that_turns_to_loopback_is_not_followed() {
    let canary = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let names = Arc::new(Names::default());
    let sender = sender(&names, &[]);
    let url = format!("http://hook.example:{}/", canary.address.port());
    let checked = WebhookUrl::parse(&url).unwrap();
    names.lead("hook.example", &[&["93.184.215.14"], &["127.0.0.1"]]);
    assert_eq!(sender.check(&checked).await, Ok(()), "public at first");
    assert_eq!(sender.send(request(&url)).await, Err(SendFailure::Address));
    names.lead("hook.example", &[&["93.184.215.14", "127.0.0.1"]]);
    let both = sender.check(&checked).await;
    assert_eq!(both, Err(FieldError::WebhookAddress), "one is enough");
    assert_eq!(sender.send(request(&url)).await, Err(SendFailure::Address));
    names.lead("hook.example", &[&[]]);
    assert_eq!(sender.send(request(&url)).await, Err(SendFailure::Address));
    let unknown = sender.send(request("http://nobody.example:8080/")).await;
    assert_eq!(unknown, Err(SendFailure::Address));
    assert_eq!(canary.connections(), 0);
}

/// The canary sings: what the tests above refuse is reached where it is allowed, by one lookup.
#[tokio::test]
async fn allowed_networks_are_reached() {
    let canary = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let names = Arc::new(Names::default());
    let sender = sender(&names, &["127.0.0.0/8"]);
    let by_address = sender.send(request(&canary.url())).await;
    assert!(by_address.unwrap().is_success());
    names.lead("hook.example", &[&["127.0.0.1"], &["10.0.0.1"]]);
    let url = format!("http://hook.example:{}/", canary.address.port());
    assert!(sender.send(request(&url)).await.unwrap().is_success());
    assert_eq!(names.lookups.load(Ordering::SeqCst), 1);
    assert_eq!(canary.connections(), 2);
    let elsewhere = sender.send(request(&url)).await;
    assert_eq!(elsewhere, Err(SendFailure::Address), "only that network");
}

/// contract: webhooks.url
#[tokio::test]
async fn an_address_is_an_https_url_without_user_and_fragment() {
    let names = Arc::new(Names::default());
    names.lead("hook.example", &[&["93.184.215.14"]]);
    let usual = WebhookOptions::default();
    let sender = HttpWebhookSender::with_lookup(usual, names.clone()).unwrap();
    let check = async |url: &str| sender.check(&WebhookUrl::parse(url).unwrap()).await;
    for url in [
        "https://hook.example",
        "https://hook.example/a?b=c",
        "https://hook.example:443/",
        "https://hook.example:1024/",
        "HTTPS://93.184.215.14:65535/",
        "https://[2606:4700::1111]/",
        "https://[64:ff9b::8.8.8.8]/",
    ] {
        assert_eq!(check(url).await, Ok(()), "{url}");
    }
    for url in [
        "hook.example",
        "//hook.example/",
        "http://hook.example/",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "gopher://hook.example/",
        "https://user@hook.example/",
        "https://user:password@hook.example/",
        "https://:password@hook.example/",
        "https://hook.example/#part",
        "https://",
        "https://[::1",
        "https://1.2.3.4.5/",
        "https://hook.example:99999/",
    ] {
        assert_eq!(check(url).await, Err(FieldError::WebhookUrl), "{url}");
    }
    for port in [1, 22, 25, 80, 444, 1023] {
        let url = format!("https://hook.example:{port}/");
        assert_eq!(check(&url).await, Err(FieldError::WebhookPort), "{url}");
    }
}

#[test]
fn the_public_internet_is_what_is_left() {
    let public = PublicAddresses::default();
    for address in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2606:4700::1111",
        "3ffe::1",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
    ] {
        assert!(public.contain(address.parse().unwrap()), "{address}");
    }
}
