//! Every pool does what its adaptor declares, on real threads and under a watchdog.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::Duration;

use comparison::pools::{self, About, Awaited, Pool, Scoped, Submit as _, Visit, VisitScoped};
use comparison::trial::results::Verdict;
use comparison::trial::{self, Plan, Property};
use libtest_mimic::{Arguments, Failed, Trial};

const JOBS: usize = 1_000;

/// Far longer than any check takes.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> std::process::ExitCode {
    let scopes = pools::SCOPED.iter().map(|about| {
        let name = format!("{}::a_scope_returns_after_every_job_that_borrows", about.name);
        Trial::test(name, move || watched(move || pools::visit_scoped(about.name, Borrows)))
    });
    let tests = pools::ALL.iter().flat_map(tests).chain(scopes).collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn tests(about: &'static About) -> Vec<Trial> {
    let name = about.name;
    let test = |what: &str, check: fn(&'static About) -> Result<(), Failed>| {
        Trial::test(format!("{name}::{what}"), move || check(about))
    };
    vec![
        test("every_job_runs_wherever_it_is_submitted", |about| under_watchdog(about, Runs)),
        test("an_awaited_pool_has_run_everything", |about| under_watchdog(about, Awaits)),
        test("handles_and_idleness_are_as_declared", |about| under_watchdog(about, Offers)),
        test("a_map_returns_results_in_order", |about| under_watchdog(about, Maps)),
        test("one_worker_keeps_the_declared_order", |about| under_watchdog(about, Keeps)),
        test("the_trial_gives_the_expected_verdicts", on_trial),
        test("its_version_is_known", |about| {
            about.version().map(drop).ok_or_else(|| "not in the lock file, or twice".into())
        }),
    ]
}

fn under_watchdog<V>(about: &'static About, check: V) -> Result<(), Failed>
where
    V: Visit<Output = Result<(), String>> + Send + 'static,
{
    watched(move || pools::visit(about.name, check))
}

/// Runs a check in a thread of its own, which is left behind if it hangs.
fn watched<C>(check: C) -> Result<(), Failed>
where
    C: FnOnce() -> Option<Result<(), String>> + Send + 'static,
{
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(check()));
    match ended.recv_timeout(LIMIT) {
        Ok(Some(result)) => result.map_err(Failed::from),
        Ok(None) => Err("there is no pool of that name".into()),
        Err(error) => Err(format!("hangs, or has panicked: {error}").into()),
    }
}

/// This pool keeps every property, and the control is convicted. Other pools need not.
fn on_trial(about: &'static About) -> Result<(), Failed> {
    let plan = Plan { runs: Some(2), limit: LIMIT, ..Plan::default() };
    let is_tried = |property: &Property| about.is_own() || trial::is_control(about, *property);
    for property in Property::ALL.into_iter().filter(is_tried) {
        let compare = Path::new(env!("CARGO_BIN_EXE_compare"));
        let finding = trial::supervise(compare, about, property, &plan);
        let is_right = match finding.verdict {
            Verdict::Kept => about.is_own(),
            Verdict::Broken => finding.control,
            Verdict::NotTried => !cfg!(target_os = "linux"),
            Verdict::NotOffered => false,
        };
        if !is_right {
            let (verdict, seen) = (finding.verdict.word(), finding.violations_text());
            return Err(format!("{}: {verdict}; {seen}", property.name()).into());
        }
    }
    Ok(())
}

fn all_arrive(arrivals: &mpsc::Receiver<()>, expected: usize) -> Result<(), String> {
    for arrived in 0..expected {
        arrivals
            .recv_timeout(LIMIT / 2)
            .map_err(|error| format!("{arrived} of {expected} jobs ran: {error}"))?;
    }
    Ok(())
}

struct Runs;

impl Visit for Runs {
    type Output = Result<(), String>;

    fn visit<P: Pool>(self) -> Self::Output {
        let pool = P::start(2);
        let (arrive, arrivals) = mpsc::channel();
        let job = |arrive: &mpsc::Sender<()>| {
            let arrive = arrive.clone();
            move || arrive.send(()).expect("the test receives")
        };
        for _ in 0..JOBS {
            pool.execute(job(&arrive)).expect("it runs");
        }
        all_arrive(&arrivals, JOBS)?;

        let submitter = pool.submitter();
        let elsewhere = submitter.clone();
        let elsewhere = thread::scope(|scope| {
            let arrive = &arrive;
            let submit = move |_| elsewhere.clone().execute(job(arrive)).is_ok();
            scope.spawn(move || (0..JOBS).all(submit)).join().expect("it does not panic")
        });
        assert!(elsewhere, "a submitter in another thread was refused");
        all_arrive(&arrivals, JOBS)?;

        for _ in 0..JOBS {
            let (submitter, job) = (submitter.clone(), job(&arrive));
            let outer = move || submitter.execute(job).expect("it runs");
            pool.execute(outer).expect("it runs");
        }
        all_arrive(&arrivals, JOBS)?;
        drop(submitter);
        pool.finish();
        Ok(())
    }
}

struct Awaits;

impl Visit for Awaits {
    type Output = Result<(), String>;

    fn visit<P: Pool>(self) -> Self::Output {
        let ran = Arc::new(AtomicUsize::new(0));
        let pool = Awaited::of(P::start(2));
        for _ in 0..JOBS {
            let ran = Arc::clone(&ran);
            let job = move || {
                ran.fetch_add(1, Ordering::Relaxed);
            };
            pool.execute(job).expect("it runs");
        }
        pool.finish();
        match ran.load(Ordering::Relaxed) {
            JOBS => Ok(()),
            // Its join reads counts that a worker changes only after it has taken a job.
            ran if P::ABOUT.name == "rusty_pool" && ran + 2 >= JOBS => Ok(()),
            ran => Err(format!("{ran} of {JOBS} jobs had run when it said that all had")),
        }
    }
}

struct Maps;

impl Visit for Maps {
    type Output = Result<(), String>;

    fn visit<P: Pool>(self) -> Self::Output {
        let pool = P::start(2);
        let is_right = match pool.map(0..JOBS, 4, |number| number + 1) {
            Some(results) => results.eq(1..=JOBS),
            None => !P::ABOUT.is_own(),
        };
        pool.finish();
        is_right.then_some(()).ok_or_else(|| "a result is missing, or not in its place".to_owned())
    }
}

struct Borrows;

impl VisitScoped for Borrows {
    type Output = Result<(), String>;

    fn visit_scoped<S: Scoped>(self) -> Self::Output {
        let scoped = S::start(2);
        let numbers: Vec<_> = (0..16).collect();
        for _ in 0..JOBS {
            let mut seen = vec![None; numbers.len()];
            scoped.scope(seen.iter_mut().zip(&numbers).map(|(seen, number)| {
                move || {
                    // Jobs still run when the last one has been submitted.
                    thread::yield_now();
                    *seen = Some(*number);
                }
            }));
            if !seen.iter().flatten().eq(&numbers) {
                return Err(format!("when the scope returned, its jobs had written {seen:?}"));
            }
        }
        Ok(())
    }
}

struct Keeps;

impl Visit for Keeps {
    type Output = Result<(), String>;

    fn visit<P: Pool>(self) -> Self::Output {
        let pool = P::start(1);
        let (open, gate) = mpsc::channel::<()>();
        let held = move || assert!(gate.recv().is_err(), "nothing is sent");
        pool.execute(held).expect("it runs");
        let (arrive, arrivals) = mpsc::channel();
        for number in 0..JOBS {
            let (arrive, submitter) = (arrive.clone(), pool.submitter());
            let job = move || {
                arrive.send(number).expect("the test receives");
                if number < JOBS / 2 {
                    let later = move || arrive.send(JOBS + number).expect("the test receives");
                    submitter.execute(later).expect("it runs");
                }
            };
            pool.execute(job).expect("it runs");
        }
        drop((arrive, open));
        let seen: Result<Vec<_>, _> =
            (0..JOBS + JOBS / 2).map(|_| arrivals.recv_timeout(LIMIT / 2)).collect();
        let seen = seen.map_err(|error| format!("not every job ran: {error}"))?;
        pool.finish();
        // A pool that declares no order may still keep it.
        if P::ABOUT.in_order && !seen.is_sorted() {
            return Err("declared to be in order, and is not".to_owned());
        }
        Ok(())
    }
}

struct Offers;

impl Visit for Offers {
    type Output = Result<(), String>;

    fn visit<P: Pool>(self) -> Self::Output {
        let pool = P::start(2);
        let handle = pool.submit(|| 6 * 7);
        let answer = handle.map(pools::Handle::wait);
        let expected = P::ABOUT.handles.then_some(Some(42));
        if answer != expected {
            return Err(format!("the handle gave {answer:?}, not {expected:?}"));
        }
        let idle = pool.wait_idle();
        if idle != P::ABOUT.idle {
            return Err(format!("waiting for idleness: {idle}"));
        }
        pool.finish();
        Ok(())
    }
}
