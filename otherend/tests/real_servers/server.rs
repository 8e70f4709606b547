//! A real server on a free port, stopped when it goes.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(30);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(10);

/// A running server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

/// Where a server keeps its files; others than its owner may look into it.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the server");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
    folder
}

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Where `program` is, also in the folders for administrators.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut candidates = folders.map(|folder| folder.join(program));
    candidates.find(|path| path.is_file())
}

impl Server {
    /// Start `program` in `folder` and wait until it listens on `port` of this machine.
    pub(super) fn start(folder: TempDir, port: u16, program: &str, words: &[&str]) -> Server {
        let log = File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(find(program).expect("looked for before"))
            .args(words)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log)
            // A group of its own: all that it starts is stopped with it.
            .process_group(0)
            .spawn()
            .expect("it starts");
        let mut server = Server {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            child,
            folder,
        };
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&mut self) {
        let give_up = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().expect("our own child");
            assert!(ended.is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < give_up, "it is silent: {}", self.log());
            thread::sleep(PAUSE);
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(Path::new(self.folder.path()).join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever is left of the group; the folder goes after it.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}
