//! The smallest server that Ctrl-C can end: the README contains it. A connection wakes the loop that
//! waits in `accept`.
//!
//! ```text
//! cargo run --example accept_loop --features signal
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use last_call::ThreadPool;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("http://{address}");

    let pool = ThreadPool::new(4);
    let (trigger, stop) = (pool.shutdown_trigger(), pool.stop_token());
    pool.shutdown_trigger().on_signals_with(move |_step| {
        trigger.drain();
        let _ = TcpStream::connect(address); // wakes `accept`
    })?;
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if stop.is_stopping() || pool.execute(move || answer(stream)).is_err() {
            break;
        }
    }
    println!("{:?}", pool.shutdown());
    Ok(())
}

fn answer(mut stream: TcpStream) {
    let request = BufReader::new(&stream).lines().next();
    if let Some(Ok(line)) = request {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\nYou asked: {line}\n");
    }
}
