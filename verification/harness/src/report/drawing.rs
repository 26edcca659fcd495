//! Interleavings as data for the script of the page, which draws one when it is opened.
//!
//! Most steps of most interleavings are the same few, so each different text is written once and
//! rows refer to it by number: `templates/swimlanes.js` says how they are read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use base64::prelude::{Engine, BASE64_STANDARD};
use flate2::write::ZlibEncoder;
use flate2::Compression;
use serde::Serialize;

use crate::findings::part::Exhibit;
use crate::report::interleaving::{Interleaving, Lane, Object, Row, Standing, Thread};

/// The steps of an interleaving that are carried: its end, if it is longer.
const ROWS: usize = 200;

/// All interleavings of a page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Drawings {
    /// The file that has the steps which are not carried.
    whole: String,
    /// Call sites: `file:line`, and the line of source.
    sites: Vec<(String, String)>,
    /// Steps: words, index of the call site, whether a fault acts.
    steps: Vec<(String, usize, u8)>,
    /// What each thread is doing, as [`state`] writes it.
    states: Vec<String>,
    /// Moves: thread, index of the step, index of the state.
    moves: Vec<[usize; 3]>,
    /// How threads stand at the end: a letter, the same in words, the call site of the last step.
    ends: Vec<(char, String, String)>,
    /// Locks and the like: name, and where it is created.
    objects: Vec<(String, String)>,
    /// The names of locks that are held.
    held: Vec<String>,
    /// The names of threads.
    names: Vec<String>,
    /// How interleavings came about.
    causes: Vec<String>,
    /// By the id of the interleaving's element.
    interleavings: BTreeMap<String, Drawing>,
    #[serde(skip)]
    known: Known,
}

/// Where each text stands in its list.
#[derive(Debug, Default)]
struct Known {
    sites: HashMap<(String, String), usize>,
    steps: HashMap<(String, usize, u8), usize>,
    states: HashMap<String, usize>,
    moves: HashMap<[usize; 3], usize>,
    ends: HashMap<(char, String, String), usize>,
    objects: HashMap<(String, String), usize>,
    held: HashMap<String, usize>,
    names: HashMap<String, usize>,
    causes: HashMap<String, usize>,
}

/// One interleaving: the index of how it came about; its threads; its rows; the number of steps
/// before the first row; the indexes of its objects.
#[derive(Debug, Serialize)]
struct Drawing(usize, Vec<OneThread>, Vec<Line>, usize, Vec<usize>);

/// A thread: the indexes of its name, and of how it stands at the end; its last step.
type OneThread = (usize, usize, usize);

/// A row.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    /// The index of a move.
    Move(usize),
    /// The same, and then the threads that it wakes, or the number of the step that woke it, which is
    /// negative to be told apart.
    Wakes(Vec<i64>),
}

impl Line {
    /// The index of the move.
    fn place(&self) -> usize {
        match self {
            Line::Move(place) => *place,
            Line::Wakes(numbers) => usize::try_from(numbers[0]).unwrap_or(usize::MAX),
        }
    }

    fn move_to(&mut self, new: usize) {
        match self {
            Line::Move(place) => *place = new,
            Line::Wakes(numbers) => numbers[0] = i64::try_from(new).unwrap_or(i64::MAX),
        }
    }
}

impl Drawings {
    /// Creates an empty collection. `whole` names the file that has the steps which are not carried.
    pub(super) fn new(whole: &str) -> Self {
        Drawings { whole: whole.to_owned(), ..Drawings::default() }
    }

    /// Adds an interleaving under an id.
    pub(super) fn add(&mut self, id: &str, shown: &Exhibit<'_>) {
        let told = Interleaving::ending(shown.trace, ROWS);
        let rows = told.rows.iter().map(|row| self.row(row)).collect();
        let Known { ends, objects, names, causes, .. } = &mut self.known;
        let thread = |thread: &Thread| {
            let Thread { name, standing, words, site, row } = thread.clone();
            let end = index(ends, &mut self.ends, (letter(standing), words, site));
            (index(names, &mut self.names, name), end, row.unwrap_or(0))
        };
        let threads = told.threads.iter().map(thread).collect();
        let object =
            |object: Object| index(objects, &mut self.objects, (object.name, object.created_at));
        let objects = told.objects.into_iter().map(object).collect();
        let how = index(causes, &mut self.causes, shown.how.to_owned());
        let drawing = Drawing(how, threads, rows, told.earlier, objects);
        self.interleavings.insert(id.to_owned(), drawing);
    }

    fn row(&mut self, row: &Row) -> Line {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let Known { sites, steps, states, moves, held, .. } = &mut self.known;
        let site = index(sites, &mut self.sites, (row.site.clone(), row.code.clone()));
        let step = (row.words.clone(), site, u8::from(row.wrongly));
        let step = index(steps, &mut self.steps, step);
        let state = state(row, |lock| index(held, &mut self.held, lock.clone()));
        let state = index(states, &mut self.states, state);
        let this = index(moves, &mut self.moves, [row.thread, step, state]);
        if row.wakes.is_empty() && row.woken_by.is_none() {
            return Line::Move(this);
        }
        let wakes = row.wakes.iter().copied().map(number);
        let woken_by = row.woken_by.map(|step| -number(step));
        Line::Wakes([number(this)].into_iter().chain(wakes).chain(woken_by).collect())
    }

    /// Numbers the moves by how often they occur, so that most numbers are short.
    fn number_moves(&mut self) {
        let mut uses = vec![0_usize; self.moves.len()];
        for line in self.interleavings.values().flat_map(|drawing| &drawing.2) {
            uses[line.place()] += 1;
        }
        let mut order: Vec<usize> = (0..uses.len()).collect();
        order.sort_by_key(|place| Reverse(uses[*place]));
        let mut new = vec![0; order.len()];
        for (place, old) in order.iter().enumerate() {
            new[*old] = place;
        }
        self.moves = order.into_iter().map(|old| self.moves[old]).collect();
        for line in self.interleavings.values_mut().flat_map(|drawing| &mut drawing.2) {
            line.move_to(new[line.place()]);
        }
    }

    fn json(mut self) -> Result<String, String> {
        self.number_moves();
        serde_json::to_string(&self).map_err(|error| error.to_string())
    }

    /// The data as JSON, compressed (zlib), in base64: letters that can stand in a `script` element.
    pub(super) fn compressed(self) -> Result<String, String> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(self.json()?.as_bytes());
        let compressed = written.and_then(|()| encoder.finish());
        compressed.map(|bytes| BASE64_STANDARD.encode(bytes)).map_err(|error| error.to_string())
    }
}

/// The index of a text, which is added if it is new.
fn index<T: Clone + Eq + std::hash::Hash>(
    known: &mut HashMap<T, usize>,
    all: &mut Vec<T>,
    text: T,
) -> usize {
    *known.entry(text).or_insert_with_key(|text| {
        all.push(text.clone());
        all.len() - 1
    })
}

/// What the threads are doing when a step is done: a letter for each, and the locks that it holds, by
/// their numbers, as `r1,4|s|w`.
fn state(row: &Row, mut number: impl FnMut(&String) -> usize) -> String {
    let threads = row.lanes.iter().zip(&row.holds).map(|(lane, holds)| {
        let letter = match lane {
            Lane::Absent => "-",
            Lane::Running => "r",
            Lane::Sleeping => "s",
            Lane::Waiting => "w",
        };
        let locks: Vec<_> = holds.iter().map(|lock| number(lock).to_string()).collect();
        format!("{letter}{}", locks.join(","))
    });
    threads.collect::<Vec<_>>().join("|")
}

fn letter(standing: Standing) -> char {
    match standing {
        Standing::NotBegun => '-',
        Standing::Ended => 'e',
        Standing::Blocked => 'b',
        Standing::Stopped => 's',
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use base64::prelude::{Engine, BASE64_STANDARD};
    use flate2::read::ZlibDecoder;

    use super::Drawings;
    use crate::findings::part::Exhibit;
    use crate::findings::trace::examples::deadlock;

    /// A text such as `</script>` would otherwise end the element.
    #[test]
    fn the_data_is_letters_that_are_json_when_decompressed() {
        let trace = deadlock();
        let (title, how) = (String::new(), "</script>");
        let shown = Exhibit { title, model: "m", kind: "subject", how, trace: &trace };
        let drawings = || {
            let mut drawings = Drawings::default();
            drawings.add("one", &shown);
            drawings
        };
        let compressed = drawings().compressed().unwrap();
        assert!(!compressed.contains('<'), "{compressed}");
        let bytes = BASE64_STANDARD.decode(compressed).unwrap();
        let mut json = String::new();
        ZlibDecoder::new(&*bytes).read_to_string(&mut json).unwrap();
        assert_eq!(json, drawings().json().unwrap());
    }

    #[test]
    fn what_is_the_same_is_written_once() {
        let trace = deadlock();
        let (title, how) = (String::new(), "</script>");
        let shown = Exhibit { title, model: "m", kind: "subject", how, trace: &trace };
        let mut drawings = Drawings::default();
        drawings.add("one", &shown);
        let steps = drawings.steps.len();
        drawings.add("two", &shown);
        assert_eq!(drawings.steps.len(), steps);
        let json = drawings.json().unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let first = &read["interleavings"]["one"];
        let at = |list: &str, index: &serde_json::Value| {
            read[list][usize::try_from(index.as_u64().unwrap()).unwrap()].clone()
        };
        assert_eq!(at("causes", &first[0]), "</script>");
        let last = at("moves", &first[2][3]);
        assert_eq!(at("states", &last[2]), "w|s");
    }
}
