//! A web service: each connection is a job, and the service ends with a deadline.
//!
//! ```text
//! cargo run --example service --features signal -- 127.0.0.1:7878
//! ```
//!
//! Eight connections are answered at a time. While a hundred are queued, it accepts no more. At Ctrl-C
//! it stops listening, and answers the queued ones for at most ten seconds. `examples/server` is a
//! longer one, with events and every way to end.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use last_call::ThreadPool;

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let _ = stream.read(&mut [0; 4096])?;
    write!(stream, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
    stream.shutdown(Shutdown::Write)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let pool = ThreadPool::builder().workers(8).capacity(100).build()?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7878".to_owned());
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let (trigger, stop) = (pool.shutdown_trigger(), pool.stop_token());
    pool.shutdown_trigger().on_signals_with(move |_step| {
        trigger.drain();
        let _ = TcpStream::connect(address); // wakes `accept`
    })?;
    println!("listening on {address}");
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let job = move || {
            if let Err(error) = answer(stream) {
                eprintln!("{error}");
            }
        };
        if stop.is_stopping() || pool.execute(job).is_err() {
            break;
        }
    }
    drop(listener); // refuses later connections
    println!("shutting down");
    let report = pool.shutdown_timeout(Duration::from_secs(10));
    println!("{} completed, {} cancelled", report.completed, report.cancelled);
    for job in &report.unfinished_jobs {
        println!("job {} has run for {:?}", job.id, job.elapsed);
    }
    Ok(())
}
