use super::*;

const LIMIT: u64 = 10;

fn read(lines: &str, end: End) -> Observation {
    Observation::read(lines, end, LIMIT)
}

fn well() -> End {
    End::Exited(Some(0), String::new())
}

fn judged(observations: Vec<Observation>) -> Finding {
    Finding::new("own-job", false, Some(observations), "it <says> so")
}

/// This pool, a pool that hangs and one that must be convicted.
pub(crate) fn trial() -> TrialResults {
    let pool = |name: &str, own, finding| PoolReport {
        name: name.to_owned(),
        package: name.to_owned(),
        version: Some("1.2.3".to_owned()),
        what: "a pool".to_owned(),
        own,
        findings: vec![finding],
    };
    let kept = judged(vec![read("step a\nkept\ndone\n", well())]);
    let hangs = judged(vec![read("step a <drop>\nhangs\n", well())]);
    let control = Finding { control: true, ..hangs.clone() };
    TrialResults {
        schema: SCHEMA,
        date: "2025-01-31".to_owned(),
        is_whole: true,
        seconds: 7,
        system: "linux".to_owned(),
        cores: 2,
        limit: LIMIT,
        properties: vec![PropertyInfo {
            name: "own-job".to_owned(),
            text: "A drop returns.".to_owned(),
        }],
        pools: vec![
            pool("last-call", true, kept),
            pool("other", false, hangs),
            pool("book", false, control),
        ],
    }
}

#[test]
fn what_ends_without_a_complaint_is_kept() {
    let finding = judged(vec![read("step a\nkept \nstep a\nkept \ndone \n", well())]);
    assert_eq!((finding.verdict, finding.runs), (Verdict::Kept, 2));
}

#[test]
fn one_bad_run_among_many_is_broken() {
    let finding = judged(vec![
        read("kept\nbroken it returned early\nkept\ndone", well()),
        read("kept\nbroken it returned early\nbroken other\ndone", well()),
    ]);
    assert_eq!(finding.verdict, Verdict::Broken);
    assert_eq!(finding.violations_text(), "2 of 6 runs: it returned early; 1 of 6 runs: other");
}

#[test]
fn a_hang_is_reported_with_its_last_step() {
    let finding = judged(vec![read("kept\nstep a\nstep dropping the pool\nhangs\n", well())]);
    let expected = "1 of 2 runs: hangs: no end after 10 s, while dropping the pool";
    assert_eq!(finding.violations_text(), expected);
    let killed = judged(vec![read("step dropping the pool\n", End::Killed)]);
    assert_eq!(killed.verdict, Verdict::Broken);
}

#[test]
fn the_end_of_a_process_is_reported_with_its_signal() {
    let message =
        "thread panicked\nfatal runtime error: thread result panicked on drop, aborting\n";
    let end = End::Signal(6, last_message(message));
    let finding = judged(vec![read("step running jobs\n", end)]);
    let expected =
        "1 of 1 run: the process ended with SIGABRT (thread result panicked on drop), while \
                running jobs";
    assert_eq!(finding.violations_text(), expected);
    let overflow =
        last_message("\nthread 'w' (12) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n");
    assert_eq!(overflow, "stack overflow");
}

#[test]
fn a_signal_after_the_last_run_is_no_violation() {
    let finding = judged(vec![read("kept\ndone\n", End::Signal(11, String::new()))]);
    assert_eq!(finding.verdict, Verdict::Kept);
}

#[test]
fn an_early_exit_is_broken_and_silence_shows_nothing() {
    let early = judged(vec![read("kept\nstep a\n", End::Exited(Some(101), String::new()))]);
    assert_eq!(early.verdict, Verdict::Broken);
    let untried = judged(vec![read("untried on Linux only\ndone\n", well())]);
    assert_eq!(
        (untried.verdict, &*untried.violations_text()),
        (Verdict::NotTried, "on Linux only")
    );
    let once = judged(vec![read("kept\nuntried on Linux only\ndone\n", well())]);
    assert_eq!((once.verdict, &*once.violations_text()), (Verdict::Kept, ""));
    let silent = judged(vec![read("done\n", well())]);
    assert_eq!(silent.verdict, Verdict::NotTried);
    let failed = judged(vec![Observation::failed("no such file")]);
    assert_eq!(failed.verdict, Verdict::NotTried);
}

#[test]
fn without_processes_it_is_not_offered() {
    assert_eq!(Finding::new("idle", false, None, "no means").verdict, Verdict::NotOffered);
}

#[test]
fn this_pool_must_keep_everything_and_the_control_must_be_convicted() {
    let mut good = trial();
    assert!(good.complaints().is_empty(), "{:?}", good.complaints());
    assert!(good.verdict().starts_with("This pool keeps"), "{}", good.verdict());
    good.pools[2].findings[0].verdict = Verdict::Kept;
    assert!(good.complaints()[0].contains("book must be convicted"));
    let mut bad = trial();
    bad.pools[0].findings[0].verdict = Verdict::Broken;
    assert!(bad.complaints()[0].contains("last-call must keep own-job"));
    bad.pools[0].findings[0].verdict = Verdict::NotOffered;
    assert_eq!(bad.complaints().len(), 1);
    bad.pools[0].findings[0].verdict = Verdict::NotTried;
    assert!(bad.complaints().is_empty());
}

#[test]
fn it_is_written_and_read_again() {
    let folder = std::env::temp_dir().join(format!("trial-{}", std::process::id()));
    let trial = trial();
    trial.write(&folder).unwrap();
    assert_eq!(TrialResults::read(&folder), Ok(Some(trial.clone())));
    let filtered = TrialResults { is_whole: false, pools: Vec::new(), ..trial.clone() };
    assert!(filtered.write(&folder).unwrap().ends_with(PARTIAL));
    assert_eq!(TrialResults::read(&folder), Ok(Some(trial)));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_terminal_shows_what_was_observed() {
    let text = trial().render(100);
    assert!(text.contains("while a <drop>"), "{text}");
}
