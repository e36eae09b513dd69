//! What the configuration says back: every problem at once, where it stands, and what to write instead.

use std::fs;
use std::process::Output;

use super::server::{Server, callbox, run, stderr, stdout};

/// `callbox config` with a file, variables and flags.
fn config(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    if !file.is_empty() {
        fs::write(folder.path().join("callbox.toml"), file).unwrap();
    }
    callbox(folder.path()).arg("config").args(flags).envs(variables.iter().copied()).output().unwrap()
}

/// The problems, one a line, without the heading.
fn problems(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Vec<String> {
    let output = config(file, variables, flags);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    stderr(&output).lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

/// The only problem.
fn problem(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> String {
    let problems = problems(file, variables, flags);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems[0].clone()
}

fn line(shown: &str, key: &str) -> String {
    let found = shown.lines().find(|line| line.starts_with(&format!("{key} = ")));
    found.unwrap_or_else(|| panic!("no {key} in {shown}")).to_owned()
}

#[test]
fn the_example_file_is_the_defaults() {
    let example = fs::read_to_string("config.example.toml").unwrap();
    let (by_file, by_default) = (stdout(&config(&example, &[], &[])), stdout(&config("", &[], &[])));
    let values = |shown: &str| -> Vec<String> {
        shown.lines().map(|line| line.split("  # ").next().unwrap().trim_end().to_owned()).collect()
    };
    assert!(values(&by_default).len() > 25);
    assert_eq!(values(&by_file), values(&by_default));
}

#[test]
fn later_sources_win_and_each_value_says_where_it_came_from() {
    let file = "[turn]\nrealm = \"file\"\nports = \"50000-50100\"\n\n[rooms]\nmax_people = 4\n";
    let shown = stdout(&config(
        file,
        &[("CALLBOX_TURN__REALM", "variable"), ("CALLBOX_TURN__PORTS", "50000-50200")],
        &["--turn-ports=none"],
    ));
    assert!(line(&shown, "max_people").ends_with("# callbox.toml:6"), "{shown}");
    assert!(line(&shown, "realm").contains("\"variable\"") && line(&shown, "realm").ends_with("# CALLBOX_TURN__REALM"));
    assert!(line(&shown, "ports").contains("\"none\"") && line(&shown, "ports").ends_with("# --turn-ports"));
    assert!(line(&shown, "max_rooms").ends_with("# default"));
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let file = "listen = 8443\n\n[turn]\nrealmm = \"home\"\nports = \"9-1\"\n\n[rooms]\nmax_people = \"eight\"\n";
    let told = problems(file, &[("CALLBOX_HOME", "/opt")], &["--turn-listen=nine", "--external-ip=0.0.0.0"]);
    let expected = [
        "callbox.toml:1: listen = 8443: must be a text in quotes",
        "callbox.toml:4: turn.realmm = \"home\": no such key; did you mean `realm`?",
        "callbox.toml:5: turn.ports = \"9-1\": must begin with the lower port",
        "callbox.toml:8: rooms.max_people = \"eight\": must be a whole number without quotes",
        "CALLBOX_HOME = \"/opt\": no such key: callbox reads every variable that begins with CALLBOX_",
        "--turn-listen = \"nine\": must be an IP address with a port",
        "--external-ip = \"0.0.0.0\": nobody can reach this address",
    ];
    for words in expected {
        assert!(told.iter().any(|problem| problem.starts_with(words)), "{words}\nis not in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn serving_refuses_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("callbox.toml"), "colour = \"red\"\n").unwrap();
    let output = run(folder.path(), &["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("callbox.toml:1: colour = \"red\": no such key"), "{}", stderr(&output));
}

#[test]
fn one_underscore_for_two_is_answered_with_the_right_name() {
    let told = problem("", &[("CALLBOX_TURN_REALM", "x")], &[]);
    assert_eq!(told, "CALLBOX_TURN_REALM = \"x\": no such key; did you mean CALLBOX_TURN__REALM?");
}

#[test]
fn a_key_in_the_wrong_section_is_found() {
    assert!(problem("realm = \"x\"\n", &[], &[]).ends_with("did you mean `turn.realm`?"));
    assert!(problem("[trun]\nrealm = \"x\"\n", &[], &[]).ends_with("did you mean `turn`?"));
}

#[test]
fn secrets_may_look_like_numbers_and_are_never_shown() {
    for secret in ["0012", "true", "1e9", "[x", "a b#c"] {
        let shown = stdout(&config("", &[("CALLBOX_TURN__SECRETS", secret)], &[]));
        assert!(line(&shown, "secrets").starts_with("secrets = [***]"), "{secret}: {shown}");
        assert!(!shown.contains(secret) || secret == "true", "{secret}: {shown}");
    }
    let told = problem("[turn]\nsecrets = [4711]\n", &[], &[]);
    assert!(told.starts_with("callbox.toml:2: turn.secrets = [***]: must be a list of texts in quotes"), "{told}");
    assert!(!told.contains("4711"));
    let told = problem("[turn.users]\nalice = 4711\n", &[], &[]);
    assert!(told.starts_with("callbox.toml:2: turn.users.alice = ***: must be a text in quotes"), "{told}");
}

#[test]
fn text_that_is_not_toml_is_named_by_line_and_shows_no_secret() {
    let told = problem("[turn]\nsecrets = [\"hush\", 0012]\n", &[], &[]);
    assert!(told.starts_with("callbox.toml:2: not TOML: ") && !told.contains("hush"), "{told}");
}

#[test]
fn a_secret_from_a_file_loses_its_line_break_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "  00 12 \n").unwrap();
    let inputs = |flag: &str| callbox::config::Inputs {
        variables: vec![(flag.to_owned(), path.display().to_string())],
        ..callbox::config::Inputs::default()
    };
    let config = callbox::config::load(inputs("CALLBOX_TURN__SECRETS_FILE")).unwrap();
    assert_eq!(config.turn.unwrap().secrets, [callbox::pass::Secret::new("  00 12 ")]);
    fs::write(&path, "alice:pa:ss\nbob:0\n").unwrap();
    let users = callbox::config::load(inputs("CALLBOX_TURN__USERS_FILE")).unwrap().turn.unwrap().users;
    assert_eq!(users["alice"], callbox::pass::Secret::new("pa:ss"));
    assert_eq!(users["bob"], callbox::pass::Secret::new("0"));
}

#[test]
fn a_user_keeps_the_case_and_the_dots_of_their_name() {
    let shown = stdout(&config("[turn.users]\n\"a.b\" = \"x\"\n", &[("CALLBOX_TURN__USERS__Alice", "0012")], &[]));
    assert!(line(&shown, "users").contains("Alice = ***") && line(&shown, "users").contains("a.b = ***"), "{shown}");
}

#[test]
fn missing_files_are_named() {
    assert!(problem("", &[("CALLBOX_TURN__SECRETS_FILE", "gone")], &[]).contains("there is no file gone"));
    assert!(problem("", &[], &["--config=gone.toml"]).contains("there is no file gone.toml"));
    assert!(problem("", &[], &["--public-dir=gone"]).contains("is not a folder that callbox can read"));
}

#[test]
fn values_that_do_not_go_together_are_told() {
    assert!(problem("", &[], &["--cert=a.pem"]).contains("set tls.key too"));
    assert!(problem("", &[], &["--tls-mode=files"]).contains("set tls.cert and tls.key"));
    assert!(problem("", &[], &["--tls-mode=off", "--cert=a.pem", "--key=b.pem"]).contains("is not used with this"));
    let acme = |key, value| problem("", &[(key, value)], &["--tls-mode=acme"]);
    assert!(acme("CALLBOX_TLS__ACME__ACCEPT_TERMS", "false").contains("the authority's terms are not accepted"));
    assert!(acme("CALLBOX_TLS__ACME__CHALLENGE", "http-01").contains("set http.listen too"));
    assert!(acme("CALLBOX_TLS__ACME__DIRECTORY", "http://ca.example.org/").contains("the https address"));
    assert!(acme("CALLBOX_TLS__ACME__EMAIL", "me").contains("one email address"));
    let eab = acme("CALLBOX_TLS__ACME__EAB", "kid-1:not*base64url");
    assert!(eab.contains("base64url") && !eab.contains("not*"), "a secret is not shown: {eab}");
    assert!(problem("", &[], &["--listen=[::]:3478"]).contains("is `listen` already"));
    assert!(problem("", &[], &["--http-listen=127.0.0.1:8443"]).contains("redirects plain HTTP by itself"));
    assert!(problem("", &[], &["--http-listen=[::]:80", "--tls-mode=off"]).contains("tls.mode is \"off\""));
    assert!(problem("[call]\nvideo_codecs = [\"h265\"]\n", &[], &[]).contains("\"VP9\""));
    let relay_only = [("CALLBOX_CALL__RELAY_ONLY", "true"), ("CALLBOX_TURN__ENABLED", "false")];
    assert!(problem("", &relay_only, &[]).contains("nobody could connect"));
    let twice = "[turn]\nexternal_ip = [\"192.0.2.1\", \"192.0.2.2\"]\n";
    assert!(problem(twice, &[], &[]).contains("at most one IPv4 and one IPv6 address"));
}

#[test]
fn a_wrong_value_is_not_blamed_for_a_contradiction_too() {
    let told = problem("", &[], &["--tls-mode=fils", "--cert=a.pem"]);
    assert!(told.starts_with("--tls-mode = \"fils\": must be \"auto\" or \"acme\" or \"files\""), "{told}");
}

#[test]
fn lists_come_from_variables_with_commas_or_as_toml() {
    for text in ["10.0.0.0/8, 192.0.2.7", "[\"10.0.0.0/8\", \"192.0.2.7\"]"] {
        let shown = stdout(&config("", &[("CALLBOX_TURN__DENIED_PEERS", text)], &[]));
        assert!(line(&shown, "denied_peers").starts_with("denied_peers = [\"10.0.0.0/8\", \"192.0.2.7\"]"), "{shown}");
    }
    let told = problem("[turn]\ndenied_peers = [\n  \"10.0.0.0/8\",\n  \"10.0.0.0/99\",\n]\n", &[], &[]);
    assert!(
        told.starts_with("callbox.toml:4: turn.denied_peers = \"10.0.0.0/99\": must be an address block"),
        "{told}"
    );
}

#[test]
fn a_certificate_of_ones_own_is_used_and_a_foreign_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pair = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec!["call.example.org".to_owned()]).unwrap();
        fs::write(folder.path().join(format!("{name}.pem")), made.cert.pem()).unwrap();
        fs::write(folder.path().join(format!("{name}-key.pem")), made.signing_key.serialize_pem()).unwrap();
    };
    pair("a");
    pair("b");
    let output = run(folder.path(), &["--listen=127.0.0.1:0", "--turn-listen=", "--cert=a.pem", "--key=b-key.pem"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the key b-key.pem does not belong to the first certificate in a.pem"));
    let output = run(folder.path(), &["--listen=127.0.0.1:0", "--turn-listen=", "--cert=a-key.pem", "--key=a-key.pem"]);
    assert!(stderr(&output).contains("a-key.pem holds no certificate"), "{}", stderr(&output));
    let server = Server::start_in(folder, &["--cert=a.pem", "--key=a-key.pem"]);
    assert!(server.banner.contains("your own"), "{}", server.banner);
}

#[test]
fn the_proxy_protocol_needs_a_proxy_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("callbox.toml"), "[http]\nproxy_protocol = true\n").unwrap();
    let output = run(folder.path(), &["config"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("callbox.toml:2") && stderr(&output).contains("http.trusted_proxies"));
}
