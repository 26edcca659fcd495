//! The short examples from the outside: their output, real files, real connections, real signals.
//!
//! `cargo test` builds the examples with the tests. `cargo test --test examples` does not; it tests
//! those that were built last.
//!
//! Nothing here sleeps to let something happen. A pipe that has no end yet, or a client that has
//! sent nothing, holds a job. Everything else waits for lines, for answers, or for a job that opens
//! a pipe. The examples handle SIGINT, so it makes no difference whether these tests ignore it.

#![cfg(not(loom))]
#![forbid(unsafe_code)]

#[path = "support/example.rs"]
mod example;

#[cfg(unix)]
use std::io::ErrorKind;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use example::{executable, Process};
#[cfg(unix)]
use nix::sys::signal::Signal;

#[test]
fn sum_prints_its_jobs_and_the_sum() {
    let end = Process::start(&mut Command::new(executable("sum"))).end();
    assert!(end.status.success(), "{end}");
    // A million numbers are halved seven times, into 128 parts; `main` adds up one of them.
    assert_eq!(end.out, ["127 jobs: 500000500000"], "{end}");
    assert!(end.err.is_empty(), "{end}");
    println!("evidence: clauses=C5,C29 runs=1");
}

/// The largest number of files that the example has in flight.
const BOUND: usize = 8;

#[test]
fn files_prints_the_lines_of_each_file_in_order_and_goes_on_after_one_that_is_missing() {
    let folder = Folder::new("all");
    let mut paths = folder.files(3 * BOUND);
    paths.insert(BOUND + 1, "missing".to_owned());

    let end = folder.count(&paths).end();
    assert!(end.status.success(), "{end}");
    let read = (0..3 * BOUND).map(|lines| counted(lines, &lines.to_string()));
    let mut expected: Vec<_> = read.collect();
    expected.push(in_all((0..3 * BOUND).sum(), paths.len()));
    assert_eq!(end.out, expected, "{end}");
    assert!(matches!(&*end.err, [line] if line.starts_with("missing: ")), "{end}");
    println!("evidence: clauses=C5,C24,C31 runs=1");
}

#[cfg(unix)]
#[test]
fn at_ctrl_c_files_takes_no_more_and_prints_those_that_it_has_taken() {
    let folder = Folder::new("ctrl-c");
    let mut paths = folder.files(3 * BOUND);
    // After three others, it holds a job, and the output.
    paths.insert(3, "pipe".to_owned());
    let pipe = folder.pipe("pipe");

    let process = folder.count(&paths);
    process.wait_for_line(&counted(2, "2"));
    let mut held = opened(&pipe, &process);
    process.signal(Signal::SIGINT);
    process.wait_for_error(|line| line == "no more files are taken");
    held.write_all(b"a\nb\n").expect("the job reads");
    drop(held);

    let end = process.end();
    assert!(end.status.success(), "{end}");
    assert!(end.err.len() == 1, "{end}");
    let (last, lines) = end.out.split_last().expect("the total is printed");
    let taken = lines.len();
    assert!((4..=3 + BOUND).contains(&taken), "{taken} files\n{end}");
    let expected = paths[..taken].iter().map(|path| counted(path.parse().unwrap_or(2), path));
    assert_eq!(lines, expected.collect::<Vec<_>>(), "{end}");
    // Those in the order of their length, but for the pipe.
    assert_eq!(*last, in_all((0..taken - 1).sum::<usize>() + 2, taken), "{end}");
    println!("evidence: clauses=C5,C17,C22,C31 runs=1");
}

/// A line of the example `files`.
fn counted(lines: usize, path: &str) -> String {
    format!("{lines:8} {path}")
}

/// The last line of the example `files`.
fn in_all(lines: usize, paths: usize) -> String {
    format!("{lines:8} in all; {paths} paths")
}

#[test]
fn service_answers_each_connection() {
    let service = Service::start();
    for request in ["GET / HTTP/1.1\r\n\r\n", "?"] {
        assert_eq!(answer(service.connect(), request), NO_CONTENT);
    }
    println!("evidence: clauses=C24 runs=1");
}

#[cfg(unix)]
#[test]
fn at_ctrl_c_service_answers_what_it_has_accepted_and_refuses_later_connections() {
    let service = Service::start();
    let held = [service.connect(), service.connect()];
    // A later connection has been answered, so the service has accepted the two.
    assert_eq!(answer(service.connect(), "?"), NO_CONTENT);

    service.process.signal(Signal::SIGINT);
    service.process.wait_for_line("shutting down");
    let late = TcpStream::connect(&service.address).map_err(|error| error.kind());
    assert_eq!(late.err(), Some(ErrorKind::ConnectionRefused), "a late connection");
    for stream in held {
        assert_eq!(answer(stream, "?"), NO_CONTENT);
    }

    let end = service.process.end();
    assert!(end.status.success(), "{end}");
    assert_eq!(end.out[1..], ["shutting down", "3 completed, 0 cancelled"], "{end}");
    assert!(end.err.is_empty(), "{end}");
    println!("evidence: clauses=C5,C17,C22 runs=1");
}

/// A folder of its own for a test, which is removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("last-call-files-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path); // of a process that had the same id
        fs::create_dir(&path).expect("the folder is new");
        Folder(path)
    }

    /// Writes so many files. The name of each is the number of its lines, from 0.
    fn files(&self, number: usize) -> Vec<String> {
        let names: Vec<_> = (0..number).map(|lines| lines.to_string()).collect();
        for (lines, name) in names.iter().enumerate() {
            fs::write(self.0.join(name), "line\n".repeat(lines)).expect("the folder is ours");
        }
        names
    }

    #[cfg(unix)]
    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("the folder is ours");
        path
    }

    /// Starts the example `files` in this folder.
    fn count(&self, paths: &[String]) -> Process {
        let mut command = Command::new(executable("files"));
        Process::start(command.args(paths).current_dir(&self.0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Waits until a job of the process has opened the pipe to read, and returns the end to write to.
///
/// # Panics
///
/// If the process ends before.
#[cfg(unix)]
fn opened(pipe: &std::path::Path, process: &Process) -> fs::File {
    use std::os::unix::fs::OpenOptionsExt as _;

    // Without this flag, opening would wait for a reader, and not for the end of the process.
    let mut options = fs::File::options();
    options.write(true).custom_flags(nix::libc::O_NONBLOCK);
    loop {
        match options.open(pipe) {
            Err(error) if error.raw_os_error() == Some(nix::libc::ENXIO) => {}
            opened => return opened.expect("the pipe is there"),
        }
        assert!(!process.seen().is_all(), "no job has opened the pipe");
        std::thread::yield_now();
    }
}

/// What the example `service` answers.
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

/// The example `service`, on a free port.
struct Service {
    process: Process,
    address: String,
}

impl Service {
    fn start() -> Self {
        let process = Process::start(Command::new(executable("service")).arg("127.0.0.1:0"));
        let address = process.wait_for_first("listening on ");
        Service { process, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("the service listens")
    }
}

/// Sends the request, and reads until the service closes the connection.
fn answer(mut stream: TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("the service reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the service answers");
    answer
}
