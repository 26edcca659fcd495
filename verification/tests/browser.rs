//! The report's page in a real browser: it renders, nothing is logged as an error, the filters work,
//! a lane can be followed with the keyboard.
//!
//! `ci/browser.sh` brings the browser and its driver, and names the page in `AUDIT_PAGE`.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::prelude::{Engine, BASE64_STANDARD};
use serde_json::{json, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long the driver may take to listen, and one command.
const LIMIT: Duration = Duration::from_secs(60);

/// The key that goes down, in the words of the `WebDriver` standard.
const ARROW_DOWN: &str = "\u{E015}";

/// A browser under a driver of its own; both end when this is dropped.
struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port on which the driver says that it listens. What else it says is read and dropped.
fn port(said: ChildStdout) -> Result<u16> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(std::result::Result::ok) {
            let port = line
                .split_once("successfully on port ")
                .map(|(_, port)| port.trim_end_matches('.'));
            if let Some(port) = port.and_then(|port| port.parse().ok()) {
                let _ = tell.send(port);
            }
        }
    });
    told.recv_timeout(LIMIT).map_err(|_| "the driver does not listen".into())
}

impl Browser {
    fn start() -> Result<Self> {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        // The driver picks its port: one that is free here may be another test's by then.
        let mut driver =
            Command::new(&program).arg("--port=0").stdout(Stdio::piped()).spawn().map_err(
                |error| format!("{}: {error}; ci/browser.sh brings it", program.display()),
            )?;
        let said = driver.stdout.take().ok_or("the driver has no output")?;
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut browser = Browser { driver, session: String::new(), agent };
        let port = port(said)?;
        browser.session = format!("http://127.0.0.1:{port}/session");
        let options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,1600",
        ] });
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let opened = browser.post("", json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        let id = opened["sessionId"].as_str().ok_or("the driver opened no session")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// Sends a command; returns its value.
    fn post(&self, command: &str, body: Value) -> Result<Value> {
        let url = format!("{}{command}", self.session);
        let mut response = self.agent.post(&url).send_json(body)?;
        let status = response.status();
        let mut answer: Value = response.body_mut().with_config().limit(64 << 20).read_json()?;
        if status.is_success() {
            Ok(answer["value"].take())
        } else {
            Err(format!("{command}: {answer}").into())
        }
    }

    fn open(&self, page: &Path) -> Result<()> {
        self.post("/url", json!({ "url": format!("file://{}", page.display()) }))?;
        self.wait_until_drawn()
    }

    /// Waits until the page has read its data. A promise that the script returns is waited for.
    fn wait_until_drawn(&self) -> Result<()> {
        let script = "const drawn = () => document.documentElement.dataset.drawn !== undefined;
            return new Promise((resolve) => {
                const look = () => drawn() ? resolve(true) : requestAnimationFrame(look);
                look();
            });";
        self.run(script).map(drop)
    }

    fn scheme(&self, scheme: &str) -> Result<()> {
        let media = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": media } });
        self.post("/goog/cdp/execute", command).map(drop)
    }

    /// Opens the page at a place, as a link that was sent would.
    fn open_at(&self, place: &str) -> Result<()> {
        self.post("/url", json!({ "url": "about:blank" }))?;
        let url = format!("file://{}#{place}", page()?.display());
        self.post("/url", json!({ "url": url }))?;
        self.wait_until_drawn()
    }

    /// Runs a function's body in the page; returns what it returns.
    fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// Nothing was logged, from the page's loading to now.
    fn logged_nothing(&self) -> Result<()> {
        let log = self.post("/se/log", json!({ "type": "browser" }))?;
        assert_eq!(log, json!([]), "the page's log");
        Ok(())
    }

    fn press(&self, key: &str) -> Result<()> {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": keys }]);
        self.post("/actions", json!({ "actions": actions })).map(drop)
    }

    /// The colours of the picture of the window that are not the first one's.
    fn painted(&self) -> Result<usize> {
        let picture = self.agent.get(format!("{}/screenshot", self.session)).call()?;
        let mut picture = picture;
        let answer: Value = picture.body_mut().with_config().limit(64 << 20).read_json()?;
        let bytes = BASE64_STANDARD.decode(answer["value"].as_str().ok_or("no picture")?)?;
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large a picture")?];
        let info = reader.next_frame(&mut pixels)?;
        let pixels = pixels[..info.buffer_size()].chunks_exact(info.color_type.samples());
        let background = pixels.clone().next().ok_or("an empty picture")?;
        Ok(pixels.filter(|pixel| *pixel != background).count())
    }
}

fn page() -> Result<std::path::PathBuf> {
    let page = std::env::var_os("AUDIT_PAGE").ok_or("AUDIT_PAGE is not set; see ci/browser.sh")?;
    Ok(Path::new(&page).canonicalize()?)
}

fn browser() -> Result<Browser> {
    let browser = Browser::start()?;
    browser.open(&page()?)?;
    Ok(browser)
}

#[test]
fn the_page_renders_and_logs_nothing() -> Result<()> {
    let browser = browser()?;
    let painted = browser.painted()?;
    assert!(painted > 10_000, "{painted} pixels are not the background's: the picture is blank");
    let heading = browser.run("return document.querySelector('h1').textContent")?;
    assert!(heading.as_str().is_some_and(|text| text.contains("last-call")), "{heading}");
    let sections = browser.run("return document.querySelectorAll('main section').length")?;
    assert!(sections.as_u64() >= Some(6), "{sections} sections");
    browser.logged_nothing()
}

/// A page that is sent about has to be small, and its browser has to stay quick.
#[test]
fn the_page_is_small_and_has_few_elements() -> Result<()> {
    const BYTES: u64 = 800_000;
    const ELEMENTS: u64 = 10_000;
    let bytes = std::fs::metadata(page()?)?.len();
    assert!(bytes <= BYTES, "{bytes} bytes");
    let browser = browser()?;
    let elements = browser.run("return document.querySelectorAll('*').length")?;
    assert!(elements.as_u64() <= Some(ELEMENTS), "{elements} elements");
    browser.logged_nothing()
}

/// The sections in the order in which a reader asks for them: what is assumed stands directly under
/// how it is known.
#[test]
fn the_sections_are_in_order() -> Result<()> {
    let browser = browser()?;
    let ids =
        browser.run("return [...document.querySelectorAll('main section')].map(s => s.id)")?;
    let place = |id: &str| ids.as_array()?.iter().position(|section| section == id);
    let order = ["guaranteed", "known", "assumed", "matrix", "clauses", "kills", "convictions"];
    let places: Vec<_> = order.iter().map(|id| place(id)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{ids}");
    assert_eq!(place("assumed"), place("known").map(|at| at + 1));
    let first =
        browser.run("return document.querySelectorAll('#properties thead th')[1].innerText")?;
    assert!(first.as_str().is_some_and(|text| text.starts_with("last-call-two-lock")), "{first}");
    browser.logged_nothing()
}

#[test]
fn the_heading_says_of_which_commit_and_when() -> Result<()> {
    let browser = browser()?;
    let facts = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('.facts div')]\
         .map(d => [d.querySelector('dt').textContent, d.querySelector('dd').textContent]))",
    )?;
    let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    assert!(fact("Run").ends_with(" UTC") && fact("Run").starts_with("20"), "{facts}");
    assert!(fact("Took").ends_with(" s") && fact("Toolchain").starts_with("rustc"), "{facts}");
    assert!(
        !fact("Commit").is_empty() && fact("Recorded executions").contains("record"),
        "{facts}"
    );
    browser.logged_nothing()
}

/// On a telephone nothing scrolls sideways but the lanes, in their own box, under the names of the
/// threads.
#[test]
fn a_narrow_window_does_not_scroll_sideways() -> Result<()> {
    let browser = browser()?;
    let metrics = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
    let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
    browser.post("/goog/cdp/execute", command)?;
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")?;
    let told = browser.run(
        "const wide = [...document.querySelectorAll('main *, header *')]\
           .filter(e => !e.closest('.lanes, .wide, .hidden') && e.getClientRects().length > 0)\
           .filter(e => e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 80));\
         return [document.documentElement.scrollWidth, wide.slice(0, 5)]",
    )?;
    assert_eq!(told, json!([390, []]));
    // The names stay while the lanes scroll.
    let name = browser.run(
        "const boxes = [...document.querySelectorAll('.conviction .lanes')];\
         const box = boxes.find(b => b.scrollHeight > b.clientHeight + 300); box.scrollTop = 250;\
         const [head, around] = [box.querySelector('thead th'), box].map(e => e.getBoundingClientRect());\
         return [box.scrollTop, Math.abs(head.top - around.top) <= 2]",
    )?;
    assert_eq!(name, json!([250, true]));
    browser.logged_nothing()
}

/// A bounded result, a sample and a stressed one do not look like a proof: neither with their colour
/// nor without it.
#[test]
fn each_verdict_has_a_colour_and_a_mark() -> Result<()> {
    let browser = browser()?;
    for scheme in ["light", "dark"] {
        browser.scheme(scheme)?;
        let looks = browser.run(
            "return [...document.querySelectorAll('.legend .word')].map(e => [\
               getComputedStyle(e).color, getComputedStyle(e, '::before').content])",
        )?;
        let looks = looks.as_array().ok_or("no legend")?;
        // PROVED(any) looks like PROVED.
        assert_eq!(looks.len(), 7);
        for part in [0, 1] {
            let kinds: BTreeSet<_> = looks.iter().filter_map(|look| look[part].as_str()).collect();
            assert_eq!(kinds.len(), 6, "{scheme}: {looks:?}");
        }
    }
    // The words of the tables have the classes of the legend.
    let plain = browser.run(
        "return [...document.querySelectorAll('main .word')].filter(e => {\
           const kind = ['PROVED', 'BOUNDED', 'SAMPLED', 'STRESSED'].find(k => e.textContent.startsWith(k));\
           return kind && !e.matches('.' + kind.toLowerCase()); }).map(e => e.outerHTML)",
    )?;
    assert_eq!(plain, json!([]));
    browser.logged_nothing()
}

/// The brightness of the paper, everything that has less than the 4.5 of level AA of WCAG 2, and how
/// many of the kinds of text were measured, of how many. What a page that holds has none of is put
/// into it first.
const CONTRAST: &str = "\
    const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)\
      .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)\
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);\
    const clear = (colour) => colour === 'transparent' || /, 0\\)$/.test(colour);\
    const paper = (e) => { while (e && clear(getComputedStyle(e).backgroundColor))\
      e = e.parentElement; return light(getComputedStyle(e || document.body).backgroundColor); };\
    const ratio = (e) => { const [a, b] = [light(getComputedStyle(e).color), paper(e)];\
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };\
    const main = document.querySelector('main');\
    if (!document.querySelector('.made')) main.insertAdjacentHTML('beforeend',\
      '<div class=\"made\"><span class=\"word wrong\">x</span><section id=\"failures\">' +\
      '<strong>x</strong><pre>x</pre></section><div class=\"lanes\"><table><tr>' +\
      '<td class=\"act faulty\">x <small>x</small> <a>x</a><span class=\"wakes\">x</span>' +\
      '<span class=\"held\">x</span></td></tr></table></div></div>');\
    const kinds = ['p', '.fine', 'small', '.word', '.word.convicted', '.word.wrong', 'h1 span',\
      'nav a', 'code', 'th', '.plain td', 'label', 'input', 'select', 'output', 'summary', 'pre',\
      '#failures strong', '.lanes th', '.lanes .act', '.lanes .act small', '.lanes .act a',\
      '.lanes .wakes', '.lanes .last', '.lanes .faulty', '.lanes .held', '.lanes .act code',\
      '.lanes button', '.stuck', '.facts dt', '.word.bounded', '.word.sampled', '.word.stressed',\
      'caption'];\
    const found = kinds.map(kind => [kind, [...document.querySelectorAll(kind)]]);\
    const poor = found.flatMap(([kind, all]) => all.slice(0, 400).map(e => [kind, ratio(e)]))\
      .filter(([, r]) => !(r >= 4.5));\
    const there = found.filter(([, all]) => all.length > 0).map(([kind]) => kind);\
    return [light(getComputedStyle(document.body).backgroundColor), poor.slice(0, 5), there, kinds]";

#[test]
fn both_colour_schemes_can_be_read() -> Result<()> {
    let browser = browser()?;
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme)?;
        let measured = browser.run(CONTRAST)?;
        let poor = measured[1].as_array().ok_or("no contrast was measured")?;
        assert_eq!(poor, &Vec::<Value>::new(), "{scheme}");
        // Of each kind there is at least one, or it was made for the measurement.
        assert_eq!(measured[2], measured[3], "{scheme}: kinds measured");
        papers.push(measured[0].as_f64());
    }
    assert!(papers[0] > papers[1], "light paper, then dark: {papers:?}");
    browser.logged_nothing()
}

#[test]
fn the_filters_show_what_they_are_asked_for() -> Result<()> {
    let browser = browser()?;
    let shown = |table: &str, text: &str, word: &str| -> Result<(u64, String)> {
        let script = format!(
            "const set = (element, value) => {{ if (element) {{ element.value = value; \
               element.dispatchEvent(new Event('input', {{ bubbles: true }})); }} }};\
             set(document.querySelector('.text[data-table=\"{table}\"]'), '{text}');\
             set(document.querySelector('.verdicts[data-table=\"{table}\"]'), '{word}');\
             const list = document.getElementById('{table}');\
             const rows = list.tBodies ? [...list.tBodies[0].rows] : [...list.children];\
             return [rows.filter(r => r.getClientRects().length > 0).length,\
               document.querySelector('output[data-table=\"{table}\"]').value]"
        );
        let answer = browser.run(&script)?;
        let told = answer[1].as_str().unwrap_or_default().to_owned();
        Ok((answer[0].as_u64().unwrap_or_default(), told))
    };
    let (all, told) = shown("properties", "", "")?;
    assert!(all > 50 && told == format!("{all} of {all} shown"), "{all}: {told}");
    let (convicted, told) = shown("properties", "", "convicted")?;
    assert!((1..all).contains(&convicted), "{convicted}: {told}");
    let (drops, _) = shown("properties", "DROP RETURNS", "PROVED")?;
    assert!((1..all).contains(&drops), "{drops}");
    assert_eq!(shown("properties", "no such words", "")?.0, 0);
    let (defects, _) = shown("interleavings", "drop-2x2", "defect")?;
    assert!((1..10).contains(&defects), "{defects}");
    let (faults, _) = shown("faults", "src/queue", "")?;
    assert!(faults > 0, "{faults}");
    browser.logged_nothing()
}

#[test]
fn a_lane_can_be_followed_with_the_keyboard() -> Result<()> {
    let browser = browser()?;
    let focused =
        "return [document.activeElement.dataset.lane, document.activeElement.textContent]";
    // The first step of the book's hang, reached as a tab would.
    browser.run("document.querySelector('#book .act[tabindex=\"0\"]').focus()")?;
    let first = browser.run(focused)?;
    let mut last = first.clone();
    for _ in 0..50 {
        browser.press(ARROW_DOWN)?;
        last = browser.run(focused)?;
    }
    assert_eq!(first[0], last[0], "down stays in the lane");
    let text = last[1].as_str().unwrap_or_default();
    assert!(text.contains("✗ joins"), "the main thread ends waiting for a worker: {text}");
    let dim = browser.run(
        "const button = document.querySelectorAll('#book .follow')[1]; button.click();\
         const rows = [...document.querySelectorAll('#book tbody tr')];\
         const dim = rows.filter(r => r.classList.contains('dim')).length;\
         const pressed = button.getAttribute('aria-pressed'); button.click();\
         return [pressed, dim, rows.length,\
           rows.filter(r => r.classList.contains('dim')).length]",
    )?;
    let (dimmed, rows) = (dim[1].as_u64(), dim[2].as_u64());
    assert!(dim[0] == "true" && dimmed > Some(0) && dimmed < rows, "{dim}");
    assert_eq!(dim[3], 0, "and all are back");
    // Without sight of the lanes, a screen reader says which thread waits in them.
    let heard = browser.run("return document.querySelector('td.waiting i').textContent")?;
    assert_eq!(heard, "waits");
    browser.logged_nothing()
}

/// The links of the page that lead nowhere, once some of the interleavings are open.
const BROKEN: &str = "\
    [...document.querySelectorAll('.conviction')].slice(0, 12).forEach(d => { d.open = true });\
    const isDrawn = d => d.children.length > 1;\
    const broken = () => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))\
      .filter(href => !href || !href.startsWith('#') || !document.getElementById(href.slice(1)));\
    return new Promise((resolve) => {\
      const look = () => [...document.querySelectorAll('.conviction[open]')].every(isDrawn) ?\
        resolve(broken()) : requestAnimationFrame(look);\
      look();\
    })";

/// There is no network: every link leads somewhere in the page.
#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let browser = browser()?;
    assert_eq!(browser.run(BROKEN)?, json!([]));
    // What is named has a link: clauses, models, and where each row is.
    let counts = browser.run(
        "const links = (within) => document.querySelectorAll(within + ' a').length;\
         const rows = [...document.querySelectorAll('#properties tbody tr, #clauses tbody tr, #faults tbody tr')];\
         return [links('#properties th small'), links('#clauses li'), links('#faults .word, #faults td'),\
           rows.filter(r => !r.id || !r.querySelector(`a[href=\"#${r.id}\"]`)).length,\
           rows.length - new Set(rows.map(r => r.id)).size]",
    )?;
    for index in 0..3 {
        assert!(counts[index].as_u64() > Some(50), "{counts}");
    }
    assert_eq!(
        (&counts[3], &counts[4]),
        (&json!(0), &json!(0)),
        "rows without an address of their own"
    );
    browser.logged_nothing()
}

/// Before one is opened no interleaving is an element; the link of a conviction opens and draws its
/// own.
#[test]
fn a_conviction_opens_its_interleaving() -> Result<()> {
    let browser = browser()?;
    let drawn = "return document.querySelectorAll('#interleavings .lanes').length";
    assert_eq!(browser.run(drawn)?, 0, "drawn before anybody asked");
    for link in ["#properties a.convicted", "#faults a.convicted", "#clauses li a[href^=\"#i-\"]"] {
        let told = browser.run(&format!(
            "const link = document.querySelector('{link}'); link.click();\
             const details = document.getElementById(link.hash.slice(1));\
             const top = details.getBoundingClientRect().top;\
             return [details.open, details.querySelectorAll('.lanes tbody tr').length > 3,\
               location.hash === link.hash, top >= -2 && top < innerHeight]"
        ))?;
        assert_eq!(told, json!([true, true, true, true]), "{link}");
    }
    assert_eq!(browser.run(drawn)?, 3);
    // And the address alone does the same, of one step too.
    let step = browser.run("return document.querySelectorAll('#interleavings tbody tr')[2].id")?;
    browser.open_at(step.as_str().ok_or("no step")?)?;
    let told = browser
        .run("const step = document.querySelector('.lanes tr.target'); return step && step.id")?;
    assert_eq!(told, step);
    browser.logged_nothing()
}

/// Lanes name what is in the source, and show who owns a lock, who woke whom, and where.
#[test]
fn lanes_show_names_owners_wake_ups_and_source() -> Result<()> {
    let browser = browser()?;
    browser.run("document.querySelectorAll('.conviction').forEach(d => { d.open = true })")?;
    let told = browser.run(
        "const all = [...document.querySelectorAll('.act')].map(e => e.firstChild.textContent);\
         const held = [...document.querySelectorAll('.held')].map(e => e.textContent);\
         return [all.filter(t => /\\b[mcnf]\\d+\\b/.test(t)).slice(0, 3),\
           all.some(t => t.includes('locks queue lock')), held.some(t => t.includes('queue')),\
           document.querySelectorAll('.lanes path').length > 20,\
           document.querySelectorAll('.act code').length > 1000,\
           document.querySelectorAll('td.owner').length > 1000]",
    )?;
    assert_eq!(told, json!([[], true, true, true, true, true]));
    browser.logged_nothing()
}

/// A link can be sent: filters and the place are in the address, and a reload shows the same.
#[test]
fn filters_in_the_address_survive_a_reload() -> Result<()> {
    let browser = browser()?;
    let shown = "const rows = [...document.querySelectorAll('#faults tbody tr')];\
        return [rows.filter(r => !r.hidden).length, location.hash]";
    browser.run(
        "const text = document.querySelector('.text[data-table=\"faults\"]'); text.value = 'two_lock';\
         text.dispatchEvent(new Event('input', { bubbles: true }));\
         document.querySelector('nav a[href=\"#kills\"]').click()",
    )?;
    let before = browser.run(shown)?;
    let all = browser.run("return document.querySelectorAll('#faults tbody tr').length")?;
    assert!(before[0].as_u64() > Some(0) && before[0].as_u64() < all.as_u64(), "{before} of {all}");
    assert_eq!(before[1], "#kills?faults.text=two_lock");
    browser.post("/refresh", json!({}))?;
    browser.wait_until_drawn()?;
    assert_eq!(browser.run(shown)?, before);
    let value =
        browser.run("return document.querySelector('.text[data-table=\"faults\"]').value")?;
    assert_eq!(value, "two_lock");
    // A link to a row that the filter hides shows it all the same.
    let row = browser.run(
        "const row = document.querySelector('#faults tr[hidden]');\
         const link = document.createElement('a'); link.href = '#' + row.id;\
         document.body.append(link); link.click();\
         return [row.hidden, row.matches('.target')]",
    )?;
    assert_eq!(row, json!([false, true]));
    browser.logged_nothing()
}
