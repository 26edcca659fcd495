//! The server of the README, as a program: Ctrl-C ends it, whatever its jobs do.
//!
//! `cargo test` builds the example with the tests. `cargo test --test readme` does not; it tests the
//! example that was built last.

#![cfg(all(unix, not(loom)))]

#[path = "support/example.rs"]
mod example;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::thread;

use example::{executable, Process};
use nix::sys::signal::Signal;

/// A running server.
struct Server {
    process: Process,
    address: String,
}

impl Server {
    fn start() -> Self {
        let process = Process::start(&mut Command::new(executable("accept_loop")));
        let address = process.wait_for_first("http://");
        Server { process, address }
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
        self.process.signal(Signal::SIGINT);
    }

    /// Waits for the end. Asserts the exit status 0 and the beginning of the report.
    fn end(self, report: &str) {
        let end = self.process.end();
        assert!(end.status.success(), "{end}");
        assert!(matches!(&*end.out, [_, line] if line.starts_with(report)), "{end}");
        println!("evidence: clauses=C22 runs=1");
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
    let server = Server::start();
    assert!(server.get().ends_with("\r\n\r\nYou asked: GET / HTTP/1.1\n"));
    server.ctrl_c();
    server.end("Report { accepted: 1, completed: 1,");
}

#[test]
fn the_server_of_the_readme_answers_what_it_has_accepted() {
    let server = Server::start();
    let mut held = server.hold_a_worker();
    server.ctrl_c();
    held.write_all(b"HEAD /late HTTP/1.1\r\n\r\n").expect("the client can send");
    let mut answer = String::new();
    held.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.ends_with("You asked: HEAD /late HTTP/1.1\n"), "{answer}");
    server.end("Report { accepted: 2, completed: 2,");
}

#[test]
fn ctrl_c_ends_the_server_of_the_readme_while_a_job_is_stuck() {
    let server = Server::start();
    let _held = server.hold_a_worker();
    // As somebody who loses patience. The system may take several that wait for one.
    while !server.process.seen().is_all() {
        server.ctrl_c();
        thread::yield_now();
    }
    let end = server.process.end();
    assert_eq!((end.status.code(), end.status.signal()), (Some(130), None), "{end}");
    println!("evidence: clauses=C22 runs=1");
}
