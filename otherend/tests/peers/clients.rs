//! Each client program talks to each engine of `otherend serve`.

use super::dotnet;
use super::installed::all_there;
use super::program::{Program, Running, otherend, program};

/// A client program: the words it is started with, where HOST and PORT stand for the address.
struct Client {
    words: &'static [&'static str],
    /// The end of its input is a half-close: it still hears what comes then.
    half_closes: bool,
}

#[test]
fn ncat() {
    talks_to_each_engine(&Client {
        words: &["ncat", "HOST", "PORT"],
        half_closes: true,
    });
}

#[test]
fn openbsd_nc() {
    talks_to_each_engine(&Client {
        words: &["nc.openbsd", "-N", "HOST", "PORT"],
        half_closes: true,
    });
}

#[test]
fn socat() {
    talks_to_each_engine(&Client {
        words: &["socat", "-t", "10", "-", "TCP:HOST:PORT"],
        half_closes: true,
    });
}

#[test]
fn inetutils_telnet() {
    talks_to_each_engine(&Client {
        words: &["inetutils-telnet", "HOST", "PORT"],
        half_closes: false,
    });
}

#[test]
fn plink_as_telnet() {
    talks_to_each_engine(&Client {
        words: &["plink", "-batch", "-telnet", "HOST", "-P", "PORT"],
        half_closes: false,
    });
}

#[test]
fn plink_raw() {
    talks_to_each_engine(&Client {
        words: &["plink", "-batch", "-raw", "HOST", "-P", "PORT"],
        half_closes: true,
    });
}

#[test]
fn curl_as_telnet() {
    talks_to_each_engine(&Client {
        words: &["curl", "--silent", "--no-buffer", "telnet://HOST:PORT"],
        half_closes: false,
    });
}

#[test]
fn bash_by_itself() {
    const SCRIPT: &str = "exec 3<>/dev/tcp/HOST/PORT; cat <&3 & cat >&3";
    talks_to_each_engine(&Client {
        words: &["bash", "-c", SCRIPT],
        half_closes: false,
    });
}

#[test]
fn dotnet_without_a_mark() {
    dotnet_talks_to_each_engine("plain");
}

/// With `Encoding.UTF8` the writer sends the mark of its encoding before the first line.
#[test]
fn dotnet_with_a_byte_order_mark() {
    dotnet_talks_to_each_engine("bom");
}

/// As on Windows, where `NewLine` is CR LF.
#[test]
fn dotnet_with_windows_line_ends() {
    dotnet_talks_to_each_engine("bom-crlf");
}

/// A page made of rules, as a browser asks for it.
#[test]
fn curl_gets_a_page() {
    if !all_there(&["curl"]) {
        return;
    }
    let page = include_str!("../../../transcripts/page.talk");
    for engine in ["single", "threads", "async"] {
        let words = ["serve", "0", "--talk", "page.talk", "--engine", engine];
        let mut server = otherend(&words).file("page.talk", page).start();
        let listening = server.stdout_with("listening on ");
        let address = listening.rsplit(' ').next().expect("its address").trim();
        let url = format!("http://{address}/");
        let got = program("curl", &["--silent", "--max-time", "20", &url]).run();
        let page = "<h1>hello from a talk</h1>\n";
        assert_eq!(got.succeeded().stdout, page, "{engine}");
    }
}

fn talks_to_each_engine(client: &Client) {
    if all_there(&client.words[..1]) {
        each_engine(|server| client.prepare(server), client.half_closes);
    }
}

fn dotnet_talks_to_each_engine(manner: &str) {
    if let Some(client) = dotnet::compile("Client.cs") {
        let prepare = |server: &Server| client.prepare(&["127.0.0.1", &server.port, manner]);
        each_engine(prepare, true);
    }
}

#[track_caller]
fn each_engine(client: impl Fn(&Server) -> Program, half_closes: bool) {
    for engine in ["single", "threads", "async"] {
        let mut server = Server::start(engine);
        server.answers_line_by_line(client(&server));
        if half_closes {
            server.answers_after_the_half_close(client(&server));
        }
    }
}

impl Client {
    fn prepare(&self, server: &Server) -> Program {
        let fill = |word: &&str| {
            word.replace("HOST", "127.0.0.1")
                .replace("PORT", &server.port)
        };
        let words: Vec<String> = self.words.iter().map(fill).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        program(words[0], &words[1..])
    }
}

/// Our server, and what it tells about its conversations.
struct Server {
    running: Running,
    port: String,
}

impl Server {
    fn start(engine: &str) -> Server {
        // Most of these peers stay until their own input has ended: they are not waited for long.
        let words = "serve 127.0.0.1:0 --json --linger 100ms --engine";
        let words: Vec<&str> = words.split(' ').chain([engine]).collect();
        let mut running = otherend(&words).start();
        let listening = running.stdout_with("\"listening\"");
        let (_, port) = listening.split_once("127.0.0.1:").expect("its address");
        let port = port.chars().take_while(char::is_ascii_digit).collect();
        Server { running, port }
    }

    /// Each line is answered before the next is said, and the exit word ends it from our side.
    #[track_caller]
    fn answers_line_by_line(&mut self, client: Program) {
        let mut client = client.start();
        for line in ["hello", "", "Grüße, 世界"] {
            client.say(line);
            let answer = client.stdout_with("From server -> ");
            assert_eq!(trimmed(&answer), format!("From server -> {line}"));
        }
        client.say("Exit");
        self.saw_it_leave("exit-word", 4);
        let after = client.wait().stdout;
        let answers = after.matches("From server").count();
        assert_eq!(answers, 3, "nothing more is said: {after}");
    }

    /// All lines at once and then no more: every answer arrives, in order, and then the end.
    #[track_caller]
    fn answers_after_the_half_close(&mut self, client: Program) {
        let lines: Vec<String> = (1..=1000).map(|n| format!("line {n}")).collect();
        let outcome = client.input(lines.join("\n") + "\n").run();
        let expected: Vec<String> = lines
            .iter()
            .map(|l| format!("From server -> {l}"))
            .collect();
        let heard: Vec<&str> = outcome.stdout.lines().map(trimmed).collect();
        assert_eq!(heard, expected, "{outcome}");
        self.saw_it_leave("peer-finished", 1000);
    }

    #[track_caller]
    fn saw_it_leave(&mut self, reason: &str, lines: usize) {
        let left = self.running.stdout_with("\"left\"");
        assert!(left.contains(&format!("\"reason\":\"{reason}\"")), "{left}");
        assert!(
            left.contains(&format!("\"lines_heard\":{lines},")),
            "{left}"
        );
    }
}

/// A line without its end, which the peers write in their own way.
fn trimmed(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}
