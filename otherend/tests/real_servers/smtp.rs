//! An SMTP server, Python's aiosmtpd, with curl and swaks as its clients.

use super::case::{Case, run};
use super::server::{Server, folder, free_port};

const CURL: Case = Case {
    name: "real-smtp-curl",
    server_program: "aiosmtpd",
    client_program: "curl",
    server,
    client: |server| {
        let url = format!("smtp://{server}/client.example.org");
        let envelope = [
            "--mail-from",
            "ann@example.org",
            "--mail-rcpt",
            "bob@example.net",
        ];
        let words = [&["-sSv", "--stderr", "-", &url, "-T", "-"], &envelope[..]].concat();
        run("curl", &words, MAIL)
    },
    prints: &["< 220 ", "> EHLO client.example.org", "< 354 ", "< 250 OK"],
    set: &[],
};

const SWAKS: Case = Case {
    name: "real-smtp-swaks",
    server_program: "aiosmtpd",
    client_program: "swaks",
    server,
    client: |server| {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let envelope = ["--from", "ann@example.org", "--to", "bob@example.net"];
        let words = ["--server", &host, "--port", &port, "--data", DATA];
        let words = [&words[..], &envelope, &["--helo", "client.example.org"]].concat();
        run("swaks", &words, "")
    },
    prints: &[
        "<-  220 ",
        " -> MAIL FROM",
        "<-  354 ",
        "<-  250 OK",
        "<-  221 ",
    ],
    set: &[],
};

const MAIL: &str = "\
From: ann@example.org\r
To: bob@example.net\r
Subject: lunch\r
\r
At noon?\r
";

/// The date is another one each time.
const DATA: &str = "Date: %DATE%\\nFrom: %FROM_ADDRESS%\\nSubject: lunch\\n\\nAt noon?\\n";

fn server() -> Server {
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let words = ["-n", "-l", &listen, "-c", "aiosmtpd.handlers.Sink"];
    Server::start(folder(), port, "aiosmtpd", &words)
}

#[test]
fn smtp_with_curl_goes_all_round() {
    CURL.goes_all_round();
}

#[test]
fn what_is_kept_of_smtp_satisfies_curl() {
    CURL.is_kept();
}

#[test]
fn smtp_with_swaks_goes_all_round() {
    SWAKS.goes_all_round();
}

#[test]
fn what_is_kept_of_smtp_satisfies_swaks() {
    SWAKS.is_kept();
}
