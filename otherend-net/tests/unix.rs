//! Unix sockets: their files, their names, and both of our clients.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use otherend_net::ServerConfig;
use otherend_net::core::{Address, AnyBehaviour, Echo};
use otherend_net::endpoint::Listen;
use otherend_net::{BindError, Client, ConnectError, ConnectOptions, Received, Server};

fn bind(path: &Path) -> Result<Server, BindError> {
    let place = Listen::Stream(Address::Path(path.to_owned()));
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
    Server::bind(&[place], ServerConfig::default(), echo)
}

fn answers(address: &Address) {
    let mut client = Client::connect(address, &ConnectOptions::default()).unwrap();
    client.say(b"hello").unwrap();
    assert_eq!(client.receive(), Received::Line(b"hello".to_vec()));
    assert_eq!(client.peer_address().unwrap(), *address);
}

#[test]
fn the_file_belongs_to_its_owner_and_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let server = bind(&path).unwrap().start().unwrap();
    let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let address = Address::Path(path.clone());
    assert_eq!(server.addresses()[0], address);
    answers(&address);
    server.drain();
    assert!(!path.exists());
}

#[test]
fn a_dead_servers_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let server = bind(&path).unwrap().start().unwrap();
    answers(&server.addresses()[0]);
}

#[test]
fn who_keeps_the_lock_of_the_folder_keeps_nobody_from_listening() {
    let folder = tempfile::tempdir().unwrap();
    let kept = fs::File::open(folder.path()).unwrap();
    kept.lock().unwrap();
    let server = bind(&folder.path().join("a.sock")).unwrap();
    let server = server.start().unwrap();
    answers(&server.addresses()[0]);
}

#[test]
fn a_living_servers_file_and_any_other_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let first = bind(&path).unwrap().start().unwrap();
    let error = bind(&path).err().unwrap().to_string();
    assert!(error.contains("a.sock: address already in use"), "{error}");
    answers(&first.addresses()[0]);
    let file = folder.path().join("notes");
    fs::write(&file, "kept").unwrap();
    assert!(bind(&file).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"kept");
}

#[test]
fn a_successors_file_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let first = bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let second = bind(&path).unwrap().start().unwrap();
    drop(first);
    answers(&second.addresses()[0]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_has_no_file() {
    let name = format!("otherend-test-{}", std::process::id());
    let place: Listen = format!("unix:@{name}").parse().unwrap();
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
    let server = Server::bind(&[place], ServerConfig::default(), echo).unwrap();
    let server = server.start().unwrap();
    assert_eq!(
        server.addresses(),
        [Address::Abstract(name.clone().into_bytes())]
    );
    answers(&server.addresses()[0]);
}

#[test]
fn where_nobody_listens_the_error_names_it() {
    let nobody = Address::Path("/nonexistent/a.sock".into());
    let error = Client::connect(&nobody, &ConnectOptions::default());
    let Err(ConnectError::Unix { address, cause }) = error else {
        panic!("somebody answered");
    };
    assert_eq!((address, cause.kind()), (nobody, ErrorKind::NotFound));
}

#[test]
fn streams_and_datagrams_do_not_mix() {
    let places = ["127.0.0.1:0", "udp://127.0.0.1:0"].map(|place| place.parse().unwrap());
    let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
    let refused = Server::bind(&places, ServerConfig::default(), echo);
    assert!(matches!(refused, Err(BindError::Protocol(_))));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn the_async_client_talks_over_it_too() {
    use otherend_net::endpoint::Target;
    use otherend_net::{AsyncClient, Stream};

    let folder = tempfile::tempdir().unwrap();
    let server = bind(&folder.path().join("a.sock")).unwrap();
    let server = server.start().unwrap();
    let target = Target::from(&server.addresses()[0]);
    let mut client = AsyncClient::connect(target, &ConnectOptions::default())
        .await
        .unwrap();
    client.say(b"hello").await.unwrap();
    assert_eq!(client.receive().await, Received::Line(b"hello".to_vec()));
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = AsyncClient::over(Stream::from(socket), ConnectOptions::default().settings);
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::Unsupported);
}
