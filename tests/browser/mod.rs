//! Opens a page in a real browser and reports what happened there.
//!
//! The page is a copy with two scripts put in: one that listens from the start for errors, for requests and for
//! violations of the page's own content policy, and one at the end that tries the page and writes down what it saw.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

const LISTEN: &str = r#"<script>
window.seen = { errors: [], violations: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => seen.violations.push(event.blockedURI));
</script>"#;

/// Returns the program of a Chromium, if there is one: `$DLM_TEST_BROWSER`, else on the search path.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(program) = env::var_os("DLM_TEST_BROWSER") {
        return Some(PathBuf::from(program));
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders = env::split_paths(&env::var_os("PATH")?).collect::<Vec<_>>();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Opens a page in a window of some width, runs a script at its end, and returns the object the script assigned to
/// `window.result`, with `errors`, `violations`, `requests` and `console` beside it.
pub(crate) fn open(program: &Path, page: &Path, width: u32, script: &str) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = fs::read_to_string(page).expect("the page");
    let try_out = format!(
        "<script>try {{ {script} }} catch (error) {{ seen.errors.push(String(error)); }}\n\
         const told = document.createElement('pre'); told.id = 'told';\n\
         told.textContent = JSON.stringify({{ ...window.result, ...seen, requests: \
         performance.getEntriesByType('resource').map((entry) => entry.name) }});\n\
         document.body.append(told);</script></body>"
    );
    let text = text.replacen("<head>", &format!("<head>{LISTEN}"), 1).replacen("</body>", &try_out, 1);
    let copy = folder.path().join("page.html");
    fs::write(&copy, text).expect("a copy of the page");
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--enable-logging=stderr", "--log-level=0", "--hide-scrollbars"])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", copy.display()))
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let told = dom
        .rsplit_once("<pre id=\"told\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .unwrap_or_else(|| panic!("the page told nothing: {errors}"))
        .0;
    let told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&");
    let mut told: Value = serde_json::from_str(&told).expect("what the page told is JSON");
    told["console"] = errors.lines().filter(|line| line.contains(":CONSOLE")).collect::<Vec<_>>().into();
    told
}
