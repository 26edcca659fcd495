//! The web server of The Rust Programming Language, on this pool: it answers every request that it
//! has accepted before it ends.
//!
//! ```text
//! cargo run --example server --features signal,tracing
//! cargo run --example server --features signal,tracing -- --requests 2
//! ```
//!
//! [`http`] answers one connection, and [`lines`] prints the events of the pool. This file has the
//! order in which things begin and end.

#![forbid(unsafe_code)]

mod http;
mod lines;

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc};
use std::time::Duration;

use clap::Parser;
use last_call::{Report, SignalStep, ThreadPool};
use mio::{Events, Interest, Poll, Token, Waker};

/// A small web server on a thread pool, which can be shut down while it works.
///
/// `GET /` answers with a page at once, `GET /sleep` with the same page after a pause, and every
/// other address with 404. A request that the server has accepted is answered, even if the server
/// is told to end while the request is running or queued.
#[derive(Debug, Parser)]
#[command(
    name = "server",
    after_help = "Signals: at the first Ctrl-C (SIGINT, or SIGTERM) the server takes no new \
                  connections, answers those that it has and ends. At the second it answers only \
                  those that a worker has begun with, and closes the queued ones unanswered. The \
                  exit status is 0 both times. The third ends it at once, with the status 130, or \
                  143 for SIGTERM. Under nohup it goes on when the terminal closes."
)]
struct Args {
    /// The TCP port to listen on, of 127.0.0.1 only; 0 lets the system choose a free one
    #[arg(long, value_name = "PORT", default_value_t = 7878)]
    port: u16,

    /// How many requests can be worked on at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    workers: usize,

    /// End after that many connections, instead of running until a signal comes
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,

    /// How long GET /sleep pauses, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    sleep_ms: u64,

    /// How long a client may take to send the head of its request, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5_000,
          value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    read_timeout_ms: u64,

    /// Print a line on the standard error when a worker begins with a connection
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(report) => {
            lines::print_report(&report);
            ExitCode::SUCCESS
        }
        Err(error) => {
            lines::complain(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<Report, Box<dyn Error>> {
    lines::install()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(|error| {
        format!("cannot listen on 127.0.0.1 with --port {}: {error}", args.port)
    })?;
    let mut door = Door::new(listener)?;
    let pool = ThreadPool::builder()
        .workers(args.workers)
        .thread_name("server")
        .build()
        .map_err(|error| format!("cannot start the pool: {error}"))?;
    let closing = Arc::new(AtomicBool::new(false));
    let closed = heed_signals(&pool, Arc::clone(&closing), door.waker()?)?;

    lines::print(format_args!("Listening on http://{}", door.listener.local_addr()?));
    let limits = http::Limits {
        sleep: Duration::from_millis(args.sleep_ms),
        head: Duration::from_millis(args.read_timeout_ms),
    };
    let verbose = args.verbose;
    door.let_in(args.requests.unwrap_or(u64::MAX), &closing, |stream| {
        let mut connection = Connection::new(stream);
        let job = move || connection.attend(limits, verbose);
        if let Err(refused) = pool.execute(job) {
            lines::complain(format_args!("a connection is refused: {refused}"));
        }
    })?;

    drop(door); // from here on, connections are refused
    lines::print(format_args!("Shutting down."));
    drop(closed);
    Ok(pool.shutdown())
}

/// A connection that a job answers. If the job is cancelled, the connection is closed without an
/// answer.
struct Connection {
    stream: TcpStream,
    client: String,
    begun: bool,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        let address = stream.peer_addr();
        let client = address.map_or("a client".to_owned(), |address| address.to_string());
        Connection { stream, client, begun: false }
    }

    fn attend(&mut self, limits: http::Limits, verbose: bool) {
        self.begun = true;
        if verbose {
            lines::complain(format_args!("{}: begun", self.client));
        }
        if let Err(error) = http::answer(&self.stream, limits) {
            lines::complain(format_args!("{}: {error}", self.client));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.begun {
            lines::complain(format_args!("{}: closed unanswered", self.client));
        }
    }
}

/// Makes the first signal close the door and then drain, and the second discard. The drain waits
/// until the returned value is dropped, so connections that came before the signal are still
/// accepted.
fn heed_signals(
    pool: &ThreadPool,
    closing: Arc<AtomicBool>,
    waker: Waker,
) -> Result<mpsc::Sender<()>, Box<dyn Error>> {
    let (closed, until_closed) = mpsc::channel();
    let before = move |step| {
        if step == SignalStep::Discard {
            lines::complain(format_args!("second signal: closing queued connections unanswered"));
            return;
        }
        lines::complain(format_args!("signal: ending after the last request"));
        closing.store(true, Ordering::SeqCst);
        if let Err(error) = waker.wake() {
            lines::complain(format_args!("error: the signal waits for a connection: {error}"));
        }
        let _ = until_closed.recv();
    };
    let heeded = pool.shutdown_trigger().on_signals_with(before);
    heeded.map_err(|error| format!("cannot listen for signals: {error}"))?;
    Ok(closed)
}

/// The listener, and what ends waiting for it.
///
/// Only a connection can wake a blocking `accept`, and to connect may fail just then. So the
/// listener does not block, and mio waits until there is a connection or a wake-up.
struct Door {
    listener: mio::net::TcpListener,
    poll: Poll,
}

/// The largest number of connections that can have come before a signal: the backlog that std asks
/// for. More are a flood, which must not delay the end.
const BACKLOG: u64 = 128;

/// When to try again if a connection could not be accepted, for example with too many open files.
const RETRY: Duration = Duration::from_millis(100);

impl Door {
    fn new(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
        Ok(Door { listener, poll })
    }

    fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), Token(1))
    }

    /// Accepts so many connections, or until told to stop; then it accepts those that have already
    /// come.
    fn let_in(
        &mut self,
        mut number: u64,
        closing: &AtomicBool,
        mut hand_over: impl FnMut(TcpStream),
    ) -> io::Result<()> {
        let mut stopping = false;
        while number > 0 {
            if !stopping && closing.load(Ordering::SeqCst) {
                stopping = true;
                number = number.min(BACKLOG);
            }
            match self.listener.accept() {
                Ok((stream, _)) => {
                    number -= 1;
                    hand_over(stream.into());
                }
                Err(error) if is_momentary(&error) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if stopping {
                        break;
                    }
                    self.wait(None)?;
                }
                Err(error) => {
                    lines::complain(format_args!("error: accepting a connection: {error}"));
                    if stopping {
                        break;
                    }
                    self.wait(Some(RETRY))?;
                }
            }
        }
        Ok(())
    }

    /// Waits for a connection or a wake-up, or for less: the caller checks.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut Events::with_capacity(2), timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns `true` if the next `accept` may succeed: a signal came, or the client has gone again.
fn is_momentary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted)
}
