//! The report's page in a real browser: it renders, nothing is logged as an error, the filters work,
//! a lane can be followed with the keyboard.
//!
//! `ci/browser.sh` brings the browser and its driver, and names the page in `AUDIT_PAGE`.

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
        self.post("/url", json!({ "url": format!("file://{}", page.display()) })).map(drop)
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
    // Every link leads somewhere in the page: there is no network.
    let broken = browser.run(
        "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))\
         .filter(href => !href.startsWith('#') || !document.getElementById(href.slice(1)))",
    )?;
    assert_eq!(broken, json!([]));
    browser.logged_nothing()
}

/// Each interleaving is a table of its own: what it weighs is what a reader waits for.
#[test]
fn the_page_is_small_enough_to_be_sent_about() -> Result<()> {
    const LIMIT: u64 = 4 << 20;
    let bytes = std::fs::metadata(page()?)?.len();
    assert!(bytes < LIMIT, "{bytes} bytes");
    Ok(())
}

/// The sections in the order in which a reader asks for them.
#[test]
fn the_sections_are_in_order() -> Result<()> {
    let browser = browser()?;
    let ids =
        browser.run("return [...document.querySelectorAll('main section')].map(s => s.id)")?;
    let place = |id: &&str| ids.as_array()?.iter().position(|section| section == id);
    let order = ["guaranteed", "known", "matrix", "clauses", "kills", "assumed", "convictions"];
    let places: Vec<_> = order.iter().map(place).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{ids}");
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
      '<td class=\"act wrongly\">x <small>x</small></td></tr></table></div></div>');\
    const kinds = ['p', '.fine', 'small', '.word', '.word.convicted', '.word.wrong', 'h1 span',\
      'nav a', 'code', 'th', '.plain td', 'label', 'input', 'select', 'output', 'summary', 'pre',\
      '#failures strong', '.lanes th', '.lanes .act', '.lanes .act small', '.lanes .act a',\
      '.lanes .wakes', '.lanes .last', '.lanes .wrongly', '.lanes button', 'caption'];\
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
        let media = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": media } });
        browser.post("/goog/cdp/execute", command)?;
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
    // Without sight of the lanes, a screen reader says which thread sleeps in them.
    let heard = browser.run("return document.querySelector('td.sleeping i').textContent")?;
    assert_eq!(heard, "sleeps");
    browser.logged_nothing()
}
