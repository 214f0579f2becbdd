//! Wrong settings: each gives a clear line and the right exit code.

use std::fs;
use std::net::TcpListener;

use classdesk_s3_test_server::S3TestServer;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};

use crate::client::Client;
use crate::fixture::{Database, Fixture};
use crate::program::{Server, command, finish, run, stderr, stdout};

/// Settings of which one is wrong.
struct Wrong<'a> {
    /// What is wrong, for people.
    what: &'a str,
    /// Options after `serve`, divided by spaces.
    options: String,
    /// Variables.
    variables: &'a [(&'static str, &'a str)],
    /// The exit code.
    code: i32,
    /// What standard error has to say.
    says: &'a str,
}

/// What must never be printed.
const SECRET: &str = "s3cr3t-of-mine";

async fn check(fixture: &mut Fixture, wrong: &Wrong<'_>) {
    let what = wrong.what;
    let mut args = vec!["serve"];
    args.extend(wrong.options.split(' ').filter(|option| !option.is_empty()));
    let variables = wrong.variables.iter().copied();
    let usual = [
        ("CLASSDESK_BIND", "127.0.0.1:0"),
        ("CLASSDESK_LOG", "error"),
    ];
    fixture.variables = usual
        .into_iter()
        .chain(variables)
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let output = run(fixture, &args).await;
    let (told, printed) = (stderr(&output), stdout(&output));
    assert_eq!(output.status.code(), Some(wrong.code), "{what}: {told}");
    assert!(told.contains(wrong.says), "{what}: {told}");
    assert!(told.starts_with("error: "), "{what}: {told}");
    if wrong.code == 1 {
        assert_eq!(told.lines().count(), 1, "{what}: {told}");
    }
    assert!(!told.contains("panicked"), "{what}: {told}");
    assert!(
        !told.contains(SECRET) && !printed.contains(SECRET),
        "{what}: {told}{printed}"
    );
    assert!(printed.is_empty(), "{what}: {printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_is_a_usage_error() {
    let mut fixture = Fixture::local();
    let usage = |what, options: &str, says| Wrong {
        what,
        options: options.to_owned(),
        variables: &[],
        code: 2,
        says,
    };
    let secret_scheme = format!("--database-url mysql://desk:{SECRET}@localhost/desk");
    let table = [
        usage("an unknown option", "--port 80", "--port"),
        usage("an unknown scheme", &secret_scheme, "--database-url"),
        usage(
            "no database file",
            "--database-url sqlite://",
            "--database-url",
        ),
        usage("not a URL", "--database-url classdesk.db", "sqlite://PATH"),
        usage("an unknown storage", "--storage-url ftp://files", "file://"),
        usage("no bucket", "--storage-url s3://", "bucket"),
        usage("no folder", "--storage-url file://", "folder"),
        usage("a bad address", "--bind localhost", "--bind"),
        usage(
            "a bad public URL",
            "--public-url desk.example",
            "--public-url",
        ),
        usage(
            "no uploads at all",
            "--max-upload-bytes 0",
            "--max-upload-bytes",
        ),
        usage("a bad log filter", "--log classdesk=loud", "--log"),
        usage("a span in a log filter", "--log [request]=debug", "--log"),
        usage("an empty part of a log filter", "--log info,", "--log"),
        usage("a bad log format", "--log-format xml", "pretty"),
        usage("weak Argon2 memory", "--argon2-memory-kib 1024", "19456"),
        usage("weak Argon2 passes", "--argon2-passes 1", "--argon2-passes"),
        usage(
            "no connections",
            "--database-connections 0",
            "--database-connections",
        ),
        usage(
            "a time without a unit",
            "--session-idle 90",
            "--session-idle",
        ),
        usage(
            "a bad proxy network",
            "--trusted-proxies 10.0.0.0/99",
            "--trusted-proxies",
        ),
        usage(
            "a proxy by name",
            "--trusted-proxies 10.0.0.1,proxy.example",
            "networks such as 10.0.0.0/8",
        ),
        usage(
            "tokens without an audience",
            "--jwt-issuer https://id.example --jwt-secret-file secret",
            "--jwt-audience",
        ),
        usage(
            "tokens without keys",
            "--jwt-issuer https://id.example --jwt-audience classdesk",
            "--jwt-jwks-url",
        ),
        usage(
            "two kinds of keys",
            "--jwt-issuer i --jwt-audience a --jwt-secret-file s --jwt-public-key-file p",
            "cannot be used with",
        ),
        usage(
            "provisioning without tokens",
            "--jwt-provision",
            "--jwt-issuer",
        ),
        usage(
            "keys that anybody may change",
            "--jwt-issuer i --jwt-audience a --jwt-jwks-url http://id.example/keys",
            "expected an https URL",
        ),
        usage(
            "an unknown role",
            "--jwt-issuer i --jwt-audience a --jwt-secret-file s --jwt-roles client,king",
            "superadmin",
        ),
        usage(
            "the demo's store by name",
            "--demo --database-url sqlite://x.db",
            "cannot be used with",
        ),
        usage(
            "the demo for everybody",
            "--demo --bind 0.0.0.0:0",
            "loopback",
        ),
    ];
    for wrong in &table {
        check(&mut fixture, wrong).await;
    }
    for (password, says) in [
        (
            "s3cr3t",
            "CLASSDESK_SUPERADMIN_PASSWORD: This must have at least 12 characters.",
        ),
        (
            "passwordpassword",
            "CLASSDESK_SUPERADMIN_PASSWORD: This password is too common.",
        ),
        (
            "superadmin-s3cr3t-of-mine",
            "CLASSDESK_SUPERADMIN_PASSWORD: The password must not contain the username.",
        ),
    ] {
        let weak = Wrong {
            what: "a weak password of the superadmin",
            options: String::new(),
            variables: &[("CLASSDESK_SUPERADMIN_PASSWORD", password)],
            code: 1,
            says,
        };
        check(&mut fixture, &weak).await;
    }
    assert_eq!(
        fs::read_dir(fixture.folder.path()).unwrap().count(),
        0,
        "something was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_can_not_be_used_is_told_on_one_line() {
    let mut fixture = Fixture::local();
    let folder = fixture.folder.path().to_owned();
    fs::write(folder.join("notes.txt"), "This is no database.".repeat(100)).unwrap();
    fs::write(folder.join("plain"), "").unwrap();
    make_newer(&folder.join("newer.db")).await;
    let closed = closed_port();
    let unreachable = format!("postgres://desk:{SECRET}@127.0.0.1:{closed}/desk");
    let stranger = Database::of_nobody(Some(("nobody_of_that_name", SECRET)), "postgres");
    let missing = Database::of_nobody(None, "no_database_of_that_name");
    let fails = |what, url: &str, says| Wrong {
        what,
        options: format!("--database-url {url}"),
        variables: &[],
        code: 1,
        says,
    };
    let table = [
        fails("not a database", "sqlite://notes.txt", "notes.txt"),
        fails("a file as folder", "sqlite://plain/x.db", "plain"),
        fails("a folder as file", "sqlite:///tmp", "/tmp"),
        fails("a newer schema", "sqlite://newer.db", "newer"),
        fails("no server", &unreachable, "can't be reached"),
        fails("an unknown user", &stranger, "does not let this user in"),
        fails("an unknown database", &missing, "no_database_of_that_name"),
        fails(
            "pending migrations",
            "sqlite://old.db --no-migrate",
            "classdesk migrate",
        ),
    ];
    for wrong in &table {
        check(&mut fixture, wrong).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_can_not_be_used_is_told_on_one_line() {
    let mut fixture = Fixture::local();
    let folder = fixture.folder.path().to_owned();
    fs::write(folder.join("short"), format!("{SECRET}\n")).unwrap();
    fs::write(folder.join("plain"), SECRET).unwrap();
    let fails = |what, options: &str, says| Wrong {
        what,
        options: format!("--jwt-issuer i --jwt-audience a {options}"),
        variables: &[],
        code: 1,
        says,
    };
    let table = [
        fails("no file", "--jwt-secret-file nowhere", "can't read nowhere"),
        fails(
            "a short secret",
            "--jwt-secret-file short",
            "at least 32 bytes",
        ),
        fails(
            "no key",
            "--jwt-public-key-file plain",
            "a public key in PEM",
        ),
    ];
    for wrong in &table {
        check(&mut fixture, wrong).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_can_not_be_used_is_told_on_one_line() {
    let mut fixture = Fixture::local();
    fs::write(fixture.folder.path().join("plain"), "").unwrap();
    let server = S3TestServer::start().await.expect("an S3 server");
    server.create_bucket("desk").expect("a bucket");
    let endpoint = server.endpoint();
    let nowhere = format!("http://127.0.0.1:{}", closed_port());
    let signed = |secret| {
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", S3TestServer::ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ]
    };
    let (right, wrong) = (signed(S3TestServer::SECRET_ACCESS_KEY), signed(SECRET));
    let mut unreachable = right;
    unreachable[0].1 = &nowhere;
    let fails = |what, url: &str, variables, says| Wrong {
        what,
        options: format!("--storage-url {url}"),
        variables,
        code: 1,
        says,
    };
    let table = [
        fails("a file as folder", "file://plain", &[][..], "plain"),
        fails(
            "an unwritable folder",
            "file:///proc/files",
            &[],
            "/proc/files",
        ),
        fails("a missing bucket", "s3://nowhere", &right, "bucket"),
        fails("wrong credentials", "s3://desk", &wrong, "s3://desk"),
        fails(
            "no S3 credentials",
            "s3://desk",
            &right[..1],
            "AWS_ACCESS_KEY_ID",
        ),
        fails("no S3 server", "s3://desk", &unreachable, "s3://desk"),
    ];
    for wrong in &table {
        check(&mut fixture, wrong).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_told_before_anything_is_touched() {
    let mut fixture = Fixture::local();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let wrong = Wrong {
        what: "a taken port",
        options: format!("--bind {address}"),
        variables: &[],
        code: 1,
        says: &address,
    };
    check(&mut fixture, &wrong).await;
    assert_eq!(
        fs::read_dir(fixture.folder.path()).unwrap().count(),
        0,
        "something was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn help_shows_no_value_of_a_secret() {
    let mut fixture = Fixture::local();
    fixture.variables = vec![
        (
            "CLASSDESK_DATABASE_URL",
            format!("postgres://desk:{SECRET}@db/desk"),
        ),
        ("CLASSDESK_SUPERADMIN_PASSWORD", SECRET.to_owned()),
    ];
    let help = stdout(&run(&fixture, &["serve", "--help"]).await);
    assert!(
        help.contains("CLASSDESK_DATABASE_URL") && !help.contains(SECRET),
        "{help}"
    );
}

/// The variables of a command, as its help names them.
async fn variables(fixture: &Fixture, name: &[&str]) -> Vec<String> {
    let help = stdout(&run(fixture, &[name, &["--help"]].concat()).await);
    let options = help.split("[env: ").skip(1);
    let names = options.map(|rest| rest.split(['=', ']']).next().expect("a name").to_owned());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 1, "{help}");
    names
}

/// contract: program.options
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_is_not_set() {
    let fixture = Fixture::local();
    let named = variables(&fixture, &["serve"]).await;
    assert!(named.len() > 25, "{named:?}");
    let mut serve = command(&fixture, &["serve", "--bind", "127.0.0.1:0"]);
    serve.envs(named.iter().map(|variable| (variable, "")));
    let server = Server::by(serve).await;
    let default = "sqlite://classdesk-data/classdesk.db";
    assert!(server.report.contains(default), "{}", server.report);
    server.stop().await;
    let person = [
        "--username",
        "anna",
        "--email",
        "a@desk.example",
        "--role",
        "admin",
    ];
    let commands: [(&[&str], &[&str], &str); 6] = [
        (&["migrate"], &[], ""),
        (&["user", "create"], &person, "a good long secret"),
        (
            &["user", "set-password"],
            &person[..2],
            "a good long secret",
        ),
        (&["user", "list"], &[], ""),
        (&["check"], &[], ""),
        (&["openapi"], &[], ""),
    ];
    for (name, options, input) in commands {
        let named = variables(&fixture, name).await;
        let mut command = command(&fixture, &[name, options].concat());
        command.envs(named.iter().map(|variable| (variable, "")));
        let done = finish(command, input).await;
        assert!(done.status.success(), "{name:?}: {}", stderr(&done));
    }
}

/// contract: program.options
#[tokio::test(flavor = "multi_thread")]
async fn a_flag_by_variable_takes_words_for_yes_and_no() {
    let mut fixture = Fixture::local();
    let mut migrate = async |word: &str| {
        fixture.variables = vec![("CLASSDESK_MIGRATE_STATUS", word.to_owned())];
        run(&fixture, &["migrate"]).await
    };
    for yes in ["1", "yes", "true", "TRUE", "on"] {
        let listed = migrate(yes).await;
        assert!(
            stdout(&listed).starts_with("pending"),
            "{yes}: {}",
            stderr(&listed)
        );
    }
    let refused = migrate("perhaps").await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("--status"),
        "{}",
        stderr(&refused)
    );
    for no in ["0", "no", "false", "No", "off", ""] {
        let migrated = migrate(no).await;
        assert!(!stdout(&migrated).contains("pending"), "{no}");
        assert!(migrated.status.success(), "{no}: {}", stderr(&migrated));
    }
    fs::write(fixture.folder.path().join("plain"), "").unwrap();
    let not_the_demo = Wrong {
        what: "a demo that is not wanted beside a database of its own",
        options: String::new(),
        variables: &[
            ("CLASSDESK_DEMO", "no"),
            ("CLASSDESK_NO_MIGRATE", "0"),
            ("CLASSDESK_DATABASE_URL", "sqlite://plain/x.db"),
        ],
        code: 1,
        says: "plain",
    };
    check(&mut fixture, &not_the_demo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_where_to_go_and_the_password_once() {
    let fixture = Fixture::local();
    let server = Server::by(command(&fixture, &["serve", "--bind", "127.0.0.1:0"])).await;
    let generated = server
        .report
        .split("password ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let generated = generated
        .expect("the first start prints a password")
        .to_owned();
    for part in [
        "/docs/",
        "sqlite://classdesk-data/classdesk.db",
        "file://classdesk-data/files",
    ] {
        assert!(server.report.contains(part), "{}", server.report);
    }
    Client::sign_in(&server, "superadmin", &generated).await;
    server.stop().await;
    let again = Server::start(&fixture).await;
    assert!(!again.report.contains("password"), "{}", again.report);
    Client::sign_in(&again, "superadmin", &generated).await;
    again.stop().await;
}

/// A port on which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound port").port()
}

/// A database with a migration that this program does not know.
async fn make_newer(path: &std::path::Path) {
    let url = format!("sqlite://{}", path.display());
    let migrated = run(&Fixture::local(), &["migrate", "--database-url", &url]).await;
    assert!(migrated.status.success(), "{}", stderr(&migrated));
    let mut database = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("SQLite");
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
        .execute(&mut database)
        .expect("the table of migrations");
}
