//! dovecot with one message in a mailbox, and curl that fetches it over POP3 and IMAP.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use rustix::process::getuid;

use super::case::{Case, run};
use super::server::{Server, folder, free_port};

const POP3: Case = Case {
    name: "real-pop3",
    server_program: "/usr/lib/dovecot/pop3",
    client_program: "curl",
    server: || server("pop3"),
    client: |server| fetch(&format!("pop3://{server}/1")),
    prints: &["Subject: lunch\r\n", "\r\nAt noon?\r\n"],
    set: &[SECRET],
};

const IMAP: Case = Case {
    name: "real-imap",
    server_program: "/usr/lib/dovecot/imap",
    client_program: "curl",
    server: || server("imap"),
    client: |server: SocketAddr| fetch(&format!("imap://{server}/INBOX;MAILINDEX=1")),
    prints: &["Subject: lunch\r\n", "\r\nAt noon?\r\n"],
    set: &[SECRET],
};

/// What the recording masks: AUTH PLAIN's base64 of bob's password.
const SECRET: &str = "secret=AGJvYgBjb3JyZWN0LWhvcnNl";
const LOGIN: &str = "bob:correct-horse";

const MAIL: &str = "\
From: ann@example.org\r
To: bob@example.net\r
Subject: lunch\r
\r
At noon?\r
";

fn fetch(url: &str) -> String {
    run("curl", &["-sS", url, "-u", LOGIN], "")
}

fn server(protocol: &str) -> Server {
    let (folder, port) = (folder(), free_port());
    let mail = folder.path().join("mail");
    for part in ["", "cur", "new", "tmp"] {
        let part = mail.join(part);
        fs::create_dir(&part).expect("our own folder");
        if getuid().is_root() {
            chown(&part, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
    }
    // Seen already: the server changes nothing about it.
    fs::write(mail.join("cur/1772446509.M1P1.host:2,S"), MAIL).expect("our own folder");
    let config = folder.path().join("dovecot.conf");
    fs::write(&config, configuration(protocol, port, folder.path())).expect("our own folder");
    let words = ["-F", "-c", &config.display().to_string()];
    Server::start(folder, port, "dovecot", &words)
}

/// Who reads mail if root starts the server: it does not let root.
const NOBODY: u32 = 65534;

/// What runs without root, too: everything as one user, nothing in a prison.
fn configuration(protocol: &str, port: u16, folder: &Path) -> String {
    let folder = folder.display();
    let (user, group) = match getuid().is_root() {
        true => ("nobody".to_owned(), "nogroup".to_owned()),
        false => (own_name("-un"), own_name("-gn")),
    };
    format!(
        "\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = {protocol}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password=correct-horse
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail
}}
service anvil {{
  chroot =
}}
service {protocol}-login {{
  chroot =
  inet_listener {protocol} {{
    port = {port}
  }}
  inet_listener {protocol}s {{
    port = 0
  }}
}}
"
    )
}

fn own_name(which: &str) -> String {
    let id = Command::new("id").arg(which).output().expect("id");
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

#[test]
fn pop3_with_curl_goes_all_round() {
    POP3.goes_all_round();
}

#[test]
fn what_is_kept_of_pop3_satisfies_curl() {
    POP3.is_kept();
}

#[test]
fn imap_with_curl_goes_all_round() {
    IMAP.goes_all_round();
}

#[test]
fn what_is_kept_of_imap_satisfies_curl() {
    IMAP.is_kept();
}
