//! The example server from the outside: a process, real connections, real signals.
//!
//! `cargo test` builds the example with the tests. `cargo test --test server` does not; it tests
//! the example that was built last.
//!
//! Nothing here sleeps to let something happen. A client that has sent half of the head of its
//! request holds a worker until it sends the rest; everything else waits for lines and answers of
//! the server. So only a watchdog has a time limit: it kills the server, which ends every wait.

#![cfg(not(loom))]
#![forbid(unsafe_code)]

#[path = "support/example.rs"]
mod example;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use example::{executable, Process, Seen};
#[cfg(unix)]
use nix::sys::signal::Signal;

/// Half of the head of a request, which holds a worker, and the other half.
const HALF: &str = "GET / HTTP/1.1\r\nHo";
const OTHER_HALF: &str = "st: localhost\r\n\r\n";

#[test]
fn two_requests_are_answered_and_the_lines_come_in_an_order_that_the_book_allows() {
    let server = Server::start(&["--requests", "2"]);
    let page = server.get("/");
    assert_eq!((page.status, page.field("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.body.contains("<html"), "no page: {page:?}");
    let missing = server.get("/nowhere");
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("<html"), "no page: {missing:?}");

    server.end().assert_all_answered(2, 4);
    println!("evidence: clauses=C5,C17 runs=1");
}

#[cfg(unix)]
#[test]
fn after_sigterm_running_and_queued_requests_are_answered_and_later_connections_refused() {
    drains_at(Signal::SIGTERM);
}

#[cfg(unix)]
#[test]
fn after_sigint_running_and_queued_requests_are_answered_and_later_connections_refused() {
    drains_at(Signal::SIGINT);
}

#[cfg(unix)]
fn drains_at(signal: Signal) {
    drains(Server::start(&["--workers", "2", "--sleep-ms", "50"]), signal);
}

/// The server has two workers.
#[cfg(unix)]
fn drains(server: Server, signal: Signal) {
    let mut running = [server.client(HALF), server.client("GET /sleep HTTP/1.1\r\nHo")];
    server.wait_for_jobs(2);
    let queued = ["/", "/sleep", "/nowhere"].map(|path| server.client(&request(path)));

    server.process.signal(signal);
    server.process.wait_for_line("Shutting down.");
    let late = TcpStream::connect(server.address).map_err(|error| error.kind());
    assert_eq!(late.err(), Some(ErrorKind::ConnectionRefused), "a late connection");
    assert_eq!(server.jobs(), 2, "the queued requests were not queued");

    for client in &mut running {
        client.send(OTHER_HALF);
    }
    let answers = running.into_iter().chain(queued).map(|client| client.answer().status);
    assert_eq!(answers.collect::<Vec<_>>(), [200, 200, 200, 200, 404]);

    server.end().assert_all_answered(5, 2);
    println!("evidence: clauses=C5,C17,C22 runs=1");
}

/// `nohup` starts a server so.
#[cfg(unix)]
#[test]
fn started_with_sighup_ignored_it_survives_the_hangup_and_drains_at_sigterm() {
    let server = Server::start_ignoring("HUP", &["--workers", "2", "--sleep-ms", "50"]);
    server.process.signal(Signal::SIGHUP);
    assert_eq!(server.get("/nowhere").status, 404);
    server.end_at(Signal::SIGTERM).assert_all_answered(1, 2);

    let server = Server::start_ignoring("HUP", &["--workers", "2", "--sleep-ms", "50"]);
    drains(server, Signal::SIGTERM);
}

/// A shell without job control starts its background processes so.
#[cfg(unix)]
#[test]
fn started_with_sigint_and_sigquit_ignored_it_drains_at_sigterm_and_at_sigint() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let server = Server::start_ignoring("INT QUIT", &["--workers", "2", "--sleep-ms", "50"]);
        server.process.signal(Signal::SIGQUIT);
        drains(server, signal);
    }
}

/// A hangup does not drain: it has its usual effect on the process.
#[cfg(unix)]
#[test]
fn a_hangup_that_is_not_ignored_kills() {
    use std::os::unix::process::ExitStatusExt as _;

    if ignores_hangups() {
        println!("not run: these tests were started with SIGHUP ignored, by `nohup` maybe");
        return;
    }
    let end = Server::start(&[]).end_at(Signal::SIGHUP);
    assert_eq!(end.status.signal(), Some(Signal::SIGHUP as i32), "{end}");
}

/// Returns `true` if this process ignores SIGHUP, as then do its children; `false` where there is
/// no `/proc`.
#[cfg(unix)]
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

/// While the server asks in each job whether to discard, the report counts discarded jobs as
/// completed.
#[cfg(unix)]
#[test]
fn a_second_signal_answers_what_is_running_and_closes_what_is_queued() {
    let server = Server::start(&["--workers", "1", "--verbose"]);
    let mut running = server.client(HALF);
    server.process.wait_for_error(|line| line.ends_with(": begun"));
    let queued = ["/", "/sleep"].map(|path| server.client(&request(path)));
    server.process.signal(Signal::SIGINT);
    server.process.wait_for_line("Shutting down.");

    server.process.signal(Signal::SIGTERM);
    server.process.wait_for_error(|line| line.starts_with("second signal: "));
    for client in queued {
        assert_eq!(client.rest(), "", "a discarded request was answered");
    }
    running.send(OTHER_HALF);
    assert_eq!(running.answer().status, 200);

    let end = server.end();
    assert!(end.status.success(), "the exit status is not 0\n{end}");
    assert_eq!(in_allowed_order(&end.out, 1, 1), Ok(()), "{end}");
    let report =
        "Report: accepted 3, completed 1, panicked 0, cancelled 2, unfinished 0, rejected 0";
    assert_eq!(end.out.last().map(String::as_str), Some(report), "{end}");
    let closed = end.err.iter().filter(|line| line.ends_with("closed unanswered")).count();
    assert_eq!(closed, 2, "{end}");
}

#[cfg(unix)]
#[test]
fn a_third_signal_ends_the_server_while_a_request_is_running() {
    let server = Server::start(&["--workers", "1", "--verbose"]);
    let _running = server.client(HALF);
    server.process.wait_for_error(|line| line.ends_with(": begun"));
    server.process.signal(Signal::SIGTERM);
    server.process.wait_for_line("Shutting down.");
    server.process.signal(Signal::SIGTERM);
    server.process.wait_for_error(|line| line.starts_with("second signal: "));
    let end = server.end_at(Signal::SIGINT);
    assert_eq!(end.status.code(), Some(130), "{end}");
}

#[test]
fn a_silent_client_holds_a_worker_no_longer_than_the_timeout() {
    let server = Server::start(&["--workers", "1", "--read-timeout-ms", "1000", "--requests", "2"]);
    let silent = server.client("");
    server.wait_for_jobs(1);
    assert_eq!(server.get("/").status, 200);
    assert_eq!(silent.rest(), "", "nothing was asked");
    server.end().assert_all_answered(2, 1);
}

#[test]
fn a_client_that_drips_has_no_more_time_than_a_silent_one() {
    let server = Server::start(&["--workers", "1", "--read-timeout-ms", "1000", "--requests", "2"]);
    let answer = server.client("GET / HTTP/1.1\r\nDrip: ").drip();
    // If it sends at the moment of the close, the answer may be lost.
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(server.get("/").status, 200);
    server.end().assert_all_answered(2, 1);
}

#[cfg(unix)]
#[test]
fn a_silent_client_does_not_hold_up_the_end() {
    let server = Server::start(&["--workers", "1", "--read-timeout-ms", "1000"]);
    let silent = server.client("");
    let half = server.client(HALF);
    server.wait_for_jobs(1);
    server.process.signal(Signal::SIGTERM);
    server.process.wait_for_line("Shutting down.");
    assert_eq!(silent.rest(), "", "nothing was asked");
    assert_eq!(half.answer().status, 408);
    server.end().assert_all_answered(2, 1);
}

#[cfg(unix)]
#[test]
fn a_client_that_breaks_off_leaves_a_line_and_a_worker_that_goes_on() {
    let server = Server::start(&["--workers", "1", "--requests", "2"]);
    let client = server.client(HALF);
    server.wait_for_jobs(1);
    client.reset();
    assert_eq!(server.get("/").status, 200);

    let end = server.end();
    assert!(end.status.success(), "the exit status is not 0\n{end}");
    assert_eq!(end.out.last(), Some(&report(2)), "{end}");
    assert!(matches!(&*end.err, [line] if line.contains("reset")), "{end}");
}

#[test]
fn a_bad_request_gets_the_fitting_answer() {
    let too_long = format!("GET / HTTP/1.1\r\nHost: a\r\nLong: {}\r\n\r\n", "a".repeat(9_000));
    let endless = format!("GET /{}", "a".repeat(9_000));
    let too_many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: a\r\n".repeat(65));
    let cases = [
        ("this is not HTTP\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), // no Host
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (&too_long, 431),
        (&endless, 431),
        (&too_many, 431),
        ("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        // And good ones that look odd.
        ("\r\nGET /?a=b HTTP/1.1\r\nhOST: a\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", 200),
        // The absolute form, which a server must accept (RFC 9112, 3.2.2).
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET HTTP://a:7878 HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET http://a?b=/c HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET http://a/nowhere?b HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ("GET http:/ HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    ];
    let requests = cases.len() + 4;
    let server = Server::start(&["--requests", &requests.to_string()]);
    for (bytes, status) in cases {
        let answer = server.client(bytes).answer();
        assert_eq!(
            answer.status,
            status,
            "to {:.60}: {answer:?}",
            bytes.escape_debug().to_string()
        );
    }

    let mut cut_off = server.client(HALF);
    cut_off.end();
    assert_eq!(cut_off.answer().status, 400);

    // More than fits into any buffer. If the server closed too early, the connection would break
    // while this is sent.
    let posted = Answer::of(agent().post(server.url("/")).send("x".repeat(4_000_000)));
    assert_eq!((posted.status, posted.field("Allow")), (405, Some("GET, HEAD")));
    let asked = Answer::of(agent().head(server.url("/")).call());
    assert_eq!(
        (asked.status, asked.field("Content-Type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let head = server.client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").rest();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head:?}");
    server.end().assert_all_answered(requests, 4);
}

#[test]
fn an_invalid_argument_is_named_with_its_value() {
    let cases = [
        (["--workers", "0"], "workers"),
        (["--workers", "4000000000"], "workers"),
        (["--workers", "four"], "--workers"),
        (["--port", "65536"], "--port"),
        (["--requests", "0"], "--requests"),
        (["--requests", "-1"], "-1"),
        (["--sleep-ms", "5s"], "--sleep-ms"),
        (["--read-timeout-ms", "0"], "--read-timeout-ms"),
        (["--colour", "red"], "--colour"),
    ];
    for (args, named) in cases {
        let port: &[_] = if args[0] == "--port" { &[] } else { &["--port", "0"] };
        let end = Server::spawn(&[port, &args].concat()).end();
        let value = if args[0] == "--colour" { args[0] } else { args[1] };
        end.assert_refused(&[named, value]);
    }
    println!("evidence: clauses=C27 runs=2");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound listener has an address").port().to_string();
    let end = Server::spawn(&["--port", &port]).end();
    end.assert_refused(&["--port", &port, "in use"]);
}

#[test]
fn the_help_explains_arguments_signals_and_the_exit_status() {
    let end = Server::spawn(&["--help"]).end();
    assert!(end.status.success(), "{end}");
    let help = end.out.join("\n");
    for word in [
        "--port",
        "--workers",
        "--requests",
        "--sleep-ms",
        "--read-timeout-ms",
        "--verbose",
        "7878",
        "SIGINT",
        "SIGTERM",
        "exit status",
        "milliseconds",
    ] {
        assert!(help.contains(word), "{word} is missing\n{end}");
    }
}

/// Checks the standard output of the server, from `Listening` to `Report`, against what the program
/// allows:
///
/// * A worker gets jobs until it disconnects; all workers together get as many as there were
///   connections.
/// * `Shutting down.` comes once, before any worker is shut down or disconnects. The queue is
///   closed after it, so workers may get queued jobs before and after it.
/// * The workers are shut down in ascending order, each after the one before it has disconnected:
///   to shut a worker down is to join its thread.
/// * Each worker disconnects once, at any time after `Shutting down.`.
/// * The report comes when all workers have been shut down and have disconnected.
fn in_allowed_order(lines: &[String], workers: usize, connections: usize) -> Result<(), String> {
    let (mut jobs, mut closed, mut next, mut reported) = (0, false, 0, false);
    let mut gone = vec![false; workers];
    for (at, line) in lines.iter().enumerate() {
        let allowed = match Line::read(line) {
            Line::Listening => at == 0,
            Line::GotAJob(worker) => {
                jobs += 1;
                gone.get(worker) == Some(&false)
            }
            Line::ShuttingDown => !std::mem::replace(&mut closed, true),
            Line::ShuttingDownWorker(worker) => {
                let in_turn = worker == next && worker < workers;
                next += 1;
                closed && in_turn && (worker == 0 || gone[worker - 1])
            }
            Line::Disconnected(worker) => match gone.get_mut(worker) {
                Some(gone) => closed && !std::mem::replace(gone, true),
                None => false,
            },
            Line::Report => {
                reported = next == workers && gone.iter().all(|gone| *gone);
                reported && at + 1 == lines.len()
            }
            Line::Unknown => false,
        };
        if !(allowed && (at > 0 || line.starts_with("Listening"))) {
            return Err(format!("line {} is not allowed there: {line}", at + 1));
        }
    }
    if !reported {
        return Err("there is no report".to_owned());
    }
    if jobs != connections {
        return Err(format!("{connections} connections, but {jobs} jobs"));
    }
    Ok(())
}

enum Line {
    Listening,
    GotAJob(usize),
    ShuttingDown,
    ShuttingDownWorker(usize),
    Disconnected(usize),
    Report,
    /// For example, a torn line.
    Unknown,
}

impl Line {
    fn read(line: &str) -> Self {
        let worker = |before: &str, after: &str| -> Option<usize> {
            line.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
        };
        if line == "Shutting down." {
            Line::ShuttingDown
        } else if let Some(worker) = worker("Worker ", " got a job; executing.") {
            Line::GotAJob(worker)
        } else if let Some(worker) = worker("Worker ", " disconnected; shutting down.") {
            Line::Disconnected(worker)
        } else if let Some(worker) = worker("Shutting down worker ", "") {
            Line::ShuttingDownWorker(worker)
        } else if line.starts_with("Listening on http://127.0.0.1:") {
            Line::Listening
        } else if line.starts_with("Report: accepted ") {
            Line::Report
        } else {
            Line::Unknown
        }
    }
}

/// Each rule of the checker, broken once. A line is written as its first letter in the program and
/// the worker: `j0` got a job, `s` shutting down, `w0` shutting down worker, `d0` disconnected.
#[test]
fn the_order_is_checked() {
    let check = |short: &str| {
        let long = short.split(' ').map(|line| match line.split_at(1) {
            ("l", _) => "Listening on http://127.0.0.1:7878".to_owned(),
            ("j", worker) => format!("Worker {worker} got a job; executing."),
            ("s", _) => "Shutting down.".to_owned(),
            ("w", worker) => format!("Shutting down worker {worker}"),
            ("d", worker) => format!("Worker {worker} disconnected; shutting down."),
            ("r", _) => report(2),
            _ => "Worker 0 Worker 1 got a job; executing.".to_owned(),
        });
        in_allowed_order(&long.collect::<Vec<_>>(), 2, 2)
    };
    for allowed in [
        "l j0 j1 s w0 d0 w1 d1 r",
        "l j1 j1 s d1 d0 w0 w1 r",
        "l s w0 j1 j1 d0 d1 w1 r",
        "l j0 s d1 w0 j0 d0 w1 r",
    ] {
        assert_eq!(check(allowed), Ok(()), "{allowed}");
    }
    for (forbidden, why) in [
        ("j0 j1 s w0 d0 w1 d1 r", "it does not listen"),
        ("l j0 j1 l s w0 d0 w1 d1 r", "it listens twice"),
        ("l j0 s w0 d0 w1 d1 r", "a connection has no job"),
        ("l j0 j1 j1 s w0 d0 w1 d1 r", "a job has no connection"),
        ("l j0 j2 s w0 d0 w1 d1 r", "there is no worker 2"),
        ("l j0 s w0 d0 j0 w1 d1 r", "a job after the end of its worker"),
        ("l j0 j1 w0 d0 w1 d1 r", "no line for the shutdown"),
        ("l j0 j1 s s w0 d0 w1 d1 r", "two lines for the shutdown"),
        ("l j0 j1 w0 s d0 w1 d1 r", "a worker is shut down too early"),
        ("l j0 j1 d0 s w0 w1 d1 r", "a worker disconnects too early"),
        ("l j0 j1 s w1 d1 w0 d0 r", "not in ascending order"),
        ("l j0 j1 s w0 w1 d0 d1 r", "the next is shut down before this one has ended"),
        ("l j0 j1 s w0 d0 w0 d1 r", "one is shut down twice"),
        ("l j0 j1 s w0 d0 d0 w1 d1 r", "one disconnects twice"),
        ("l j0 j1 s w0 d0 w1 r", "one does not disconnect"),
        ("l j0 j1 s w0 d0 d1 r", "one is not shut down"),
        ("l j0 j1 s w0 d0 w1 d1 w2 r", "one too many is shut down"),
        ("l j0 j1 s w0 d0 w1 r d1", "the report comes too early"),
        ("l j0 j1 s w0 d0 w1 d1 r r", "two reports"),
        ("l j0 j1 s w0 d0 w1 d1", "no report"),
        ("l j0 j1 x s w0 d0 w1 d1 r", "a torn line"),
    ] {
        assert!(check(forbidden).is_err(), "{why}, and it is accepted: {forbidden}");
    }
}

/// The last line of a server that has completed so many jobs.
fn report(jobs: usize) -> String {
    format!(
        "Report: accepted {jobs}, completed {jobs}, panicked 0, cancelled 0, unfinished 0, rejected 0"
    )
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A server process.
struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on a free port and waits until it listens. Clients have as much time as the
    /// watchdog, unless `args` sets another.
    fn start(args: &[&str]) -> Self {
        Server::start_by(Command::new(executable("server")), args)
    }

    /// The same, through a shell that ignores these signals, and so makes the server ignore them.
    #[cfg(unix)]
    fn start_ignoring(signals: &str, args: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("trap '' {signals}; exec \"$0\" \"$@\"")])
            .arg(executable("server"));
        Server::start_by(shell, args)
    }

    fn start_by(command: Command, args: &[&str]) -> Self {
        let patience = ["--port", "0", "--read-timeout-ms", "600000"];
        let first = if args.contains(&"--read-timeout-ms") { &patience[..2] } else { &patience };
        let process = Server::spawn_by(command, &[first, args].concat());
        let address = process.wait_for_first("Listening on http://");
        Server { process, address: address.parse().expect("an address and a port") }
    }

    /// Starts a server that may not come to listen.
    fn spawn(args: &[&str]) -> Process {
        Server::spawn_by(Command::new(executable("server")), args)
    }

    fn spawn_by(mut command: Command, args: &[&str]) -> Process {
        Process::start(command.args(args))
    }

    fn wait_for_jobs(&self, number: usize) {
        let find = |seen: &Seen| (seen.jobs() >= number).then_some(());
        self.process.wait("a worker taking the job", find);
    }

    fn jobs(&self) -> usize {
        self.process.seen().jobs()
    }

    /// Waits until the server has ended by itself.
    fn end(self) -> Seen {
        self.process.end()
    }

    /// Sends the signal, and waits for the end.
    #[cfg(unix)]
    fn end_at(self, signal: Signal) -> Seen {
        self.process.signal(signal);
        self.end()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(self.url(path)).call())
    }

    /// Connects and sends this. The test does the rest.
    fn client(&self, bytes: &str) -> Client {
        let mut client = Client(TcpStream::connect(self.address).expect("the server listens"));
        client.send(bytes);
        client
    }
}

impl Seen {
    fn jobs(&self) -> usize {
        self.out.iter().filter(|line| line.ends_with(" got a job; executing.")).count()
    }

    /// Asserts a clean end in which every connection was a completed job.
    fn assert_all_answered(&self, connections: usize, workers: usize) {
        assert!(self.status.success(), "the exit status is not 0\n{self}");
        assert_eq!(in_allowed_order(&self.out, workers, connections), Ok(()), "{self}");
        assert_eq!(self.out.last(), Some(&report(connections)), "{self}");
        let errors = self.err.iter().filter(|line| !line.starts_with("signal: ")).count();
        assert_eq!(errors, 0, "{self}");
    }

    /// Asserts an error that names all of these, and nothing else.
    fn assert_refused(&self, named: &[&str]) {
        assert!(!self.status.success(), "the exit status is 0\n{self}");
        assert_eq!(self.out.len(), 0, "{self}");
        let error = self.err.first().map_or("", |line| line.as_str());
        assert!(error.starts_with("error: "), "no error comes first\n{self}");
        for word in named {
            assert!(error.contains(word), "{word} is not named\n{self}");
        }
    }
}

/// A client that decides about every byte.
struct Client(TcpStream);

impl Client {
    fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).expect("the server takes it");
    }

    /// Sends nothing more.
    fn end(&mut self) {
        self.0.shutdown(std::net::Shutdown::Write).expect("the connection is open");
    }

    /// Resets the connection: it is closed without time to linger.
    #[cfg(unix)]
    fn reset(self) {
        let none = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        nix::sys::socket::setsockopt(&self.0, nix::sys::socket::sockopt::Linger, &none)
            .expect("it is a socket");
    }

    /// Sends a byte now and then until the server answers or closes, for at least ten seconds.
    /// Between two bytes it waits for an answer.
    fn drip(mut self) -> String {
        self.0.set_read_timeout(Some(Duration::from_millis(10))).expect("that is not zero");
        for _ in 0..1_000 {
            let mut first = [0];
            match self.0.write_all(b"a").and_then(|()| self.0.read(&mut first)) {
                Ok(0) => return String::new(),
                Ok(_) => {
                    self.0.set_read_timeout(None).expect("none is always accepted");
                    return char::from(first[0]).to_string() + &self.rest();
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => return String::new(),
                    _ => panic!("{error}"),
                },
            }
        }
        panic!("the server is as patient as the client drips");
    }

    /// Reads until the server closes the connection, possibly with a reset.
    fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => String::from_utf8(bytes).expect("the server speaks UTF-8"),
        }
    }

    /// Reads the answer, which must be whole.
    fn answer(self) -> Answer {
        let text = self.rest();
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(text.as_bytes()) {
            Ok(httparse::Status::Complete(length)) => length,
            other => panic!("{other:?} is no answer: {text:?}"),
        };
        let fields = response.headers.iter().map(|field| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_owned(), value)
        });
        let answer = Answer {
            status: response.code.expect("the head is complete"),
            fields: fields.collect(),
            body: text[length..].to_owned(),
        };
        let length = answer.body.len().to_string();
        assert_eq!(answer.field("Content-Length"), Some(length.as_str()), "{text}");
        assert_eq!(answer.field("Connection"), Some("close"), "{text}");
        answer
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    fields: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// Reads an answer that a real client has received.
    fn of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = response.expect("the server answers");
        let fields = response.headers().iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Answer {
            status: response.status().as_u16(),
            fields: fields.collect(),
            body: response.body_mut().read_to_string().expect("the whole body comes"),
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
        named.next().map(|field| field.1.as_str())
    }
}

/// A real client. Each has its own connections.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}
