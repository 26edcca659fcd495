//! The server of the README, as a program: Ctrl-C ends it, whatever its jobs do.
//!
//! `cargo test` builds the example with the tests. `cargo test --test readme` does not; it tests the
//! example that was built last.

#![cfg(all(unix, not(loom)))]

#[path = "support/example.rs"]
mod example;
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use support::{evidence, watchdog, LIMIT};

/// A running server. It is killed if it is dropped before its end.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(example::executable("accept_loop"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the example starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it can be read");
        let address = line.trim_end().strip_prefix("http://").expect(&line).to_owned();
        Server { child, out, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("it listens")
    }

    /// Sends a request and returns the answer.
    fn get(&self) -> String {
        let mut stream = self.connect();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("the client can send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        answer
    }

    /// Occupies a worker for as long as the returned stream lives.
    fn hold_a_worker(&self) -> TcpStream {
        let stream = self.connect();
        // A later connection has been answered, so the loop has accepted this one.
        self.get();
        stream
    }

    fn ctrl_c(&self) {
        let id = i32::try_from(self.child.id()).expect("process numbers are small");
        kill(Pid::from_raw(id), Signal::SIGINT).expect("it has not been waited for");
    }

    /// Waits for the end, and returns the status and the rest of the output.
    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("it can be read");
        let status = self.child.wait().expect("it is a child");
        (status, rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_readme_contains_the_program() {
    let readme = include_str!("../README.md");
    let program = include_str!("../examples/accept_loop.rs");
    let (_, program) = program.split_once("\n\n").expect("its documentation comes first");
    assert!(readme.contains(&format!("```rust,no_run\n{program}```\n")));
}

#[test]
fn one_ctrl_c_ends_the_server_of_the_readme() {
    watchdog(LIMIT, "one_ctrl_c_ends_the_server_of_the_readme", |_| {
        let server = Server::start();
        assert!(server.get().ends_with("\r\n\r\nYou asked: GET / HTTP/1.1\n"));
        server.ctrl_c();
        let (status, report) = server.end();
        assert!(status.success(), "{status}");
        assert!(report.starts_with("Report { accepted: 1, completed: 1,"), "{report}");
        evidence("C22", 1);
    });
}

#[test]
fn the_server_of_the_readme_answers_what_it_has_accepted() {
    watchdog(LIMIT, "the_server_of_the_readme_answers_what_it_has_accepted", |_| {
        let server = Server::start();
        let mut held = server.hold_a_worker();
        server.ctrl_c();
        held.write_all(b"HEAD /late HTTP/1.1\r\n\r\n").expect("the client can send");
        let mut answer = String::new();
        held.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.ends_with("You asked: HEAD /late HTTP/1.1\n"), "{answer}");
        let (status, report) = server.end();
        assert!(status.success(), "{status}");
        assert!(report.starts_with("Report { accepted: 2, completed: 2,"), "{report}");
        evidence("C22", 1);
    });
}

#[test]
fn ctrl_c_ends_the_server_of_the_readme_while_a_job_is_stuck() {
    watchdog(LIMIT, "ctrl_c_ends_the_server_of_the_readme_while_a_job_is_stuck", |_| {
        let mut server = Server::start();
        let _held = server.hold_a_worker();
        // As somebody who loses patience. The system may take several that wait for one.
        let status = loop {
            server.ctrl_c();
            if let Some(status) = server.child.try_wait().expect("it is a child") {
                break status;
            }
            thread::yield_now();
        };
        assert_eq!((status.code(), status.signal()), (Some(130), None));
        evidence("C22", 1);
    });
}
