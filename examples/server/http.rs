//! One connection, one request, one answer: as much HTTP/1.1 as that needs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// The largest number of header fields.
const MAX_FIELDS: usize = 64;

/// How long a client may fail to take the answer, which fits into one packet.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for a client to stop sending data that is not read.
const LINGER: Duration = Duration::from_secs(1);

/// The times that the command line sets.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The pause before the answer to `GET /sleep`.
    pub(crate) sleep: Duration,
    /// The time for the whole head of a request, whose client may be slow or silent.
    pub(crate) head: Duration,
}

/// Reads the request, answers it and closes the connection.
///
/// # Errors
///
/// The error of the socket, if reading from the client or writing to it fails.
pub(crate) fn answer(stream: &TcpStream, limits: Limits) -> io::Result<()> {
    // On some systems a connection inherits from its listener that it does not block.
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    match read_request(stream, Instant::now() + limits.head)? {
        Incoming::Nothing => Ok(()),
        Incoming::Refused(status) => {
            send(stream, status, true)?;
            linger(stream);
            Ok(())
        }
        Incoming::Request(request) => {
            if request.path == "/sleep" {
                thread::sleep(limits.sleep);
            }
            let found = matches!(request.path.as_str(), "/" | "/sleep");
            let status = if found { Status::Ok } else { Status::NotFound };
            send(stream, status, request.wants_page)?;
            if request.has_more {
                linger(stream);
            }
            Ok(())
        }
    }
}

/// The input of a connection.
enum Incoming {
    Request(Request),
    /// A request that gets this answer, whatever follows.
    Refused(Status),
    /// Not one byte: for example, a browser opened the connection in advance.
    Nothing,
}

struct Request {
    path: String,
    /// It is GET, not HEAD.
    wants_page: bool,
    /// Something follows the head.
    has_more: bool,
}

/// Reads until the head of a request is complete. The deadline is for the whole head: a client that
/// sends a byte now and then has no more time than a silent one.
fn read_request(stream: &TcpStream, deadline: Instant) -> io::Result<Incoming> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = match read_before(deadline, stream, &mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Ok(cut_off(&head, Status::RequestTimeout));
            }
            Err(error) => return Err(error),
        };
        if read == 0 {
            return Ok(cut_off(&head, Status::BadRequest));
        }
        head.extend_from_slice(&buffer[..read]);
        if let Some(incoming) = parse(&head) {
            return Ok(incoming);
        }
    }
}

/// Decides about a connection on which nothing more comes in.
fn cut_off(head: &[u8], status: Status) -> Incoming {
    if head.is_empty() {
        Incoming::Nothing
    } else {
        Incoming::Refused(status)
    }
}

/// Reads a head. Returns `None` if it is not complete.
fn parse(bytes: &[u8]) -> Option<Incoming> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let status = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => {
            return Some(check(&request, bytes.len() > length));
        }
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return None,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Status::HeadTooLarge,
        Err(_) => Status::BadRequest,
    };
    Some(Incoming::Refused(status))
}

/// Decides whether a request with a complete head is answered.
fn check(request: &httparse::Request<'_, '_>, read_more: bool) -> Incoming {
    let named = |name: &str| {
        request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count()
    };
    // HTTP/1.1 requires exactly one Host.
    if named("host") > 1 || (request.version == Some(1) && named("host") == 0) {
        return Incoming::Refused(Status::BadRequest);
    }
    let wants_page = match request.method {
        Some("GET") => true,
        Some("HEAD") => false,
        _ => return Incoming::Refused(Status::MethodNotAllowed),
    };
    let path = path(request.path.unwrap_or_default()).to_owned();
    let has_body = named("content-length") + named("transfer-encoding") > 0;
    Incoming::Request(Request { path, wants_page, has_more: read_more || has_body })
}

/// Returns the path of a target, which has the form `/path?query` or `http://host/path?query`.
fn path(target: &str) -> &str {
    const SCHEME: &str = "http://";
    let is_absolute = |scheme: &str| scheme.eq_ignore_ascii_case(SCHEME);
    let (target, default) = if target.get(..SCHEME.len()).is_some_and(is_absolute) {
        let rest = &target[SCHEME.len()..];
        (&rest[rest.find(['/', '?']).unwrap_or(rest.len())..], "/")
    } else {
        (target, "")
    };
    match target.split('?').next() {
        Some("") | None => default,
        Some(path) => path,
    }
}

#[derive(Clone, Copy)]
enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    HeadTooLarge,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::RequestTimeout => "408 Request Timeout",
            Status::HeadTooLarge => "431 Request Header Fields Too Large",
        }
    }

    fn page(self) -> String {
        let (heading, text) = match self {
            Status::Ok => ("Good evening", "The bar is open until the last call."),
            Status::NotFound => ("Not on the menu", "There is nothing at this address."),
            _ => (self.line(), "This request cannot be answered."),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>{heading}</title></head>\n\
             <body><h1>{heading}</h1><p>{text}</p></body>\n</html>\n"
        )
    }
}

fn send(mut stream: &TcpStream, status: Status, with_page: bool) -> io::Result<()> {
    let page = status.page();
    let allow =
        if matches!(status, Status::MethodNotAllowed) { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {}\r\n{allow}Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        status.line(),
        page.len(),
    );
    let answer = if with_page { head + &page } else { head };
    stream.write_all(answer.as_bytes())
}

/// Reads what the client still sends, for a while. A connection that is closed with unread bytes is
/// reset, which can destroy the answer before the client has read it.
fn linger(stream: &TcpStream) {
    let deadline = Instant::now() + LINGER;
    let mut buffer = [0; MAX_HEAD];
    // A client that does not stop, or has gone, gets no more time.
    if stream.shutdown(Shutdown::Write).is_ok() {
        while matches!(read_before(deadline, stream, &mut buffer), Ok(1..)) {}
    }
}

/// Reads within the time that is left; [`ErrorKind::TimedOut`] if none is.
fn read_before(deadline: Instant, mut stream: &TcpStream, to: &mut [u8]) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(to) {
            // Too early or too late: the clock decides. Unix says WouldBlock, Windows TimedOut.
            Err(error) if is_pause(error.kind()) => {}
            result => return result,
        }
    }
}

fn is_pause(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
